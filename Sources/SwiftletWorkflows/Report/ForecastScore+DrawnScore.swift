import Foundation
import SwiftletModels
import SwiftletPlans
import SwiftletReport
import SwiftletSearch

/// A foretold text: the divergence from the network as it is, and the perplexity.
extension ForecastScore: DrawnScore {
  public static var whole: String { "16 bits" }
  public static var tabulated: [DrawnQuantity<ForecastScore>] {
    drawn + [
      DrawnQuantity(
        "agreement", heading: "same token first", axis: "same token first, %", isLowerBetter: false,
        value: { 100 * $0.agreement }, text: { String(format: "%.2f %%", 100 * $0.agreement) })
    ]
  }

  public static var drawn: [DrawnQuantity<ForecastScore>] { [divergenceDrawn, perplexityDrawn] }

  public static func progress(by measure: ForecastMeasure) -> DrawnQuantity<ForecastScore> {
    switch measure {
    case .divergence: divergenceDrawn
    case .loss: perplexityDrawn
    }
  }

  private static var divergenceDrawn: DrawnQuantity<ForecastScore> {
    DrawnQuantity(
      "KL divergence", heading: "KL divergence", axis: "KL divergence, nats a token", scale: .logarithmic,
      value: { $0.divergence }, text: { String(format: "%.5f", $0.divergence) })
  }

  private static var perplexityDrawn: DrawnQuantity<ForecastScore> {
    DrawnQuantity(
      "perplexity", heading: "perplexity", axis: "perplexity", scale: .logarithmic, value: { exp($0.loss) },
      text: { String(format: "%.3f", exp($0.loss)) })
  }

  public static var harm: DrawnQuantity<ForecastScore> { divergenceDrawn }
  public static func harmText(_ difference: Double) -> String { String(format: "%+.2g", difference) }
  public static var sharesLevels: Bool { false }

  /// `r96 4b` for rank 96 in 4 bits, and `r96 h3 4b` where ranks may also be of other numbers of heads than 3; the share of the
  /// bytes in 16 bits is the shade.
  public static func cell(_ choice: LayerChoice, of levels: [LayerChoice], share: Double) -> LayerMap.Cell {
    let bits = choice.keyBits ?? choice.valueBits
    let groups = Set(levels.filter { $0.rank != nil }.map(\.headGroup))
    let parts = [
      choice.rank.map { "r\($0)" },
      choice.rank != nil && groups.count > 1 ? choice.headGroup.map { "h\($0)" } : nil,
      choice.rank == nil || bits != nil ? "\(bits ?? 16)b" : nil,
    ]
    return LayerMap.Cell(parts.compactMap(\.self).joined(separator: " "), shade: share)
  }

  public static func column(of role: String) -> String { cached[role] ?? role }

  /// What the family's layers keep of each token, by what they do in their blocks.
  private static let cached = Dictionary(
    LlamaConfiguration(vocabulary: 1, width: 2, hidden: 1, layers: 1, heads: 1, context: 1).slots
      .filter(\.kind.isCached).map { ($0.role, $0.kind.rawValue) }, uniquingKeysWith: { first, _ in first })

  public var ground: String { "\(tokens) held-out tokens" }
}
