import Foundation
import SwiftletCompression
import SwiftletLanguage
import SwiftletModels
import SwiftletPlans
import SwiftletTraining

/// What compressing keys and values reached.
public struct KeyValueCompression: Encodable {
  /// The folder that was written.
  public let model: String
  public let method: String
  /// Bytes that a cache keeps of a token, grids counted, and those of keys and values in 16 bits.
  public let bytesPerToken, wholeBytesPerToken: Int
  /// Of those, what grids take.
  public let gridBytesPerToken: Int
  /// Ranks of all keys, and of all values, as shares of full ones.
  public let keyRankShare, valueRankShare: Double
  /// The weights of the projections, before and after.
  public let projectionWeights, wholeProjectionWeights: Int
  public let calibrationFiles: [String]
  public let calibrationTokens: Int
  public let seconds: Double

  init(
    _ plan: CompressionPlan, of network: LlamaModel, folder: String, method: LowRankMethod,
    calibration: (text: LanguageText, files: [String])?, seconds: Double
  ) throws {
    (model, self.method, self.seconds) = (folder, method.description, seconds)
    let slots = network.slots.filter(\.kind.isCached)
    let none = CompressionPlan()
    bytesPerToken = try CostModel.cacheBytes.total(of: slots, under: plan)
    wholeBytesPerToken = try CostModel.cacheBytes.total(of: slots, under: none)
    gridBytesPerToken = try CostModel.cacheMetadataBytes.total(of: slots, under: plan)
    func share(_ kind: Slot.Kind) -> Double {
      let own = slots.filter { $0.kind == kind }
      let kept = own.reduce(0) { sum, slot in
        let choice = plan[slot.path]
        guard let rank = choice?.rank else { return sum + slot.outputs }
        return sum + rank * (slot.heads / (choice?.headGroup ?? slot.heads)) / (choice?.layerGroup ?? 1)
      }
      return Double(kept) / Double(max(1, own.reduce(0) { $0 + $1.outputs }))
    }
    (keyRankShare, valueRankShare) = (share(.keys), share(.values))
    // Each weight multiplies once for a token.
    projectionWeights = try CostModel.multiplyAdds.total(of: slots, under: plan)
    wholeProjectionWeights = try CostModel.multiplyAdds.total(of: slots, under: none)
    calibrationFiles = calibration?.files ?? []
    calibrationTokens = calibration?.text.stretches.reduce(0) { $0 + $1.count } ?? 0
  }

  /// Of the bytes in 16 bits.
  public var share: Double { Double(bytesPerToken) / Double(wholeBytesPerToken) }
}

extension KeyValueCompression: CustomStringConvertible {
  public var description: String {
    let text =
      calibrationTokens > 0
      ? "calibrated on \(calibrationTokens) tokens of \(calibrationFiles.joined(separator: ", "))"
      : "without calibration"
    return "\(model): \(bytesPerToken) bytes a token of \(wholeBytesPerToken) in 16 bits, "
      + String(format: "%.4f of them, ", share) + "\(gridBytesPerToken) of them grids\n"
      + String(format: "ranks: %.3f of the keys', %.3f of the values'; ", keyRankShare, valueRankShare)
      + "\(PlanCosts.Unit.scaled(projectionWeights))weights in their projections of "
      + "\(PlanCosts.Unit.scaled(wholeProjectionWeights))\n"
      + "\(method); \(text)"
  }
}
