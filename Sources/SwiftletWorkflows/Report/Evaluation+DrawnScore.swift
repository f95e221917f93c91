import Foundation
import SwiftletPlans
import SwiftletReport
import SwiftletSearch
import SwiftletTraining

/// Classified images: accuracy in percent, and loss.
extension Evaluation: DrawnScore {
  public static var whole: String { "dense" }
  public static var tabulated: [DrawnQuantity<Evaluation>] { [accuracyDrawn, lossDrawn] }
  public static var drawn: [DrawnQuantity<Evaluation>] { [accuracyDrawn] }

  public static func progress(by measure: FitnessMeasure) -> DrawnQuantity<Evaluation> {
    switch measure {
    case .loss: lossDrawn
    case .accuracy: accuracyDrawn
    }
  }

  private static var accuracyDrawn: DrawnQuantity<Evaluation> {
    DrawnQuantity(
      "accuracy", heading: "accuracy (search split)", axis: "accuracy on the search split, %",
      progressAxis: "accuracy, %", isLowerBetter: false, value: { 100 * $0.accuracy },
      text: { String(format: "%.2f %%", 100 * $0.accuracy) })
  }

  private static var lossDrawn: DrawnQuantity<Evaluation> {
    DrawnQuantity(
      "loss", heading: "loss", axis: "loss", value: { $0.loss }, text: { String(format: "%.4f", $0.loss) })
  }

  public static var harm: DrawnQuantity<Evaluation> { lossDrawn }
  public static func harmText(_ difference: Double) -> String { String(format: "%+.4f", difference) }
  public static var sharesLevels: Bool { true }

  /// `2:4`, or `2:4 int8`; the density is the shade.
  public static func cell(_ choice: LayerChoice, of levels: [LayerChoice], share: Double) -> LayerMap.Cell {
    LayerMap.Cell(choice.description, shade: choice.sparsity.density)
  }

  public static func column(of role: String) -> String { role }
  public var ground: String { "\(images) held-out images" }
}
