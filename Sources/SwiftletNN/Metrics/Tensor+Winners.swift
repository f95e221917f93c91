import SwiftletTensor

extension Tensor {
  /// What ``winners()`` answers for a sample without one.
  public static let noWinner: Int64 = -1

  /// The class with the highest score of each sample, `[batch]`; ``noWinner`` where a score is infinite or not a number.
  ///
  /// `argmax` takes NaN for the highest, so that a network of NaNs would answer the first class and often be right.
  /// Shapes: scores are `[batch, classes]`.
  public func winners() -> Tensor {
    withNoGradient {
      let broken = isFinite().logicalNot().cast(to: .int64).sum(along: [1]).greater(than: 0)
      return argmax(along: 1).maskedFill(broken, Double(Self.noWinner))
    }
  }
}
