import Foundation

/// What compression reached.
public struct CompressionResult: Encodable, CustomStringConvertible {
  /// The files of the network and of its plan.
  public let model, plan: String
  public let score: String
  /// Of one image.
  public let denseMultiplyAdds, multiplyAdds: Int
  /// Of the compressible layers' packed weights.
  public let denseWeightBytes, weightBytes: Int
  /// On the search split, 0...1.
  public let denseAccuracy, prunedAccuracy, finetunedAccuracy: Double?
  /// The share of all scores that pruning keeps, 0...1, where channels were permuted.
  public let keptBeforePermuting, keptAfterPermuting: Double?

  public var description: String {
    let work = String(
      format: "%.1f M multiply-adds of %.1f M, %.2f MB of packed weights of %.2f MB", Double(multiplyAdds) / 1e6,
      Double(denseMultiplyAdds) / 1e6, Double(weightBytes) / 1e6, Double(denseWeightBytes) / 1e6)
    let accuracies = [
      ("dense", denseAccuracy), ("pruned by \(score)", prunedAccuracy), ("finetuned", finetunedAccuracy),
    ]
    .compactMap { name, value in value.map { String(format: "%@ %.2f %%", name, 100 * $0) } }
    let quality = accuracies.isEmpty ? "" : "\non the search split: " + accuracies.joined(separator: ", ")
    let order =
      if let before = keptBeforePermuting, let after = keptAfterPermuting {
        String(
          format: "\nin another order of channels %.2f %% of the scores stay, before %.2f %%", 100 * after, 100 * before
        )
      } else {
        ""
      }
    return "\(model): \(work)\(quality)\(order)\nthe patterns are in \(plan)"
  }
}
