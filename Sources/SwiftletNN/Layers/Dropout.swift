import SwiftletTensor

/// While training, sets each element to zero with probability `rate` and scales the others by `1 / (1 - rate)`.
///
/// Source: Srivastava et al., "Dropout" (2014), section 10 (inverted).
public final class Dropout: Layer, ModeDependent {
  public let rate: Double
  public var mode = Mode.inference

  /// - Precondition: `rate` is in `0..<1`.
  public init(rate: Double) {
    precondition((0..<1).contains(rate), "Dropout(rate: \(rate)): the rate is a probability below 1")
    self.rate = rate
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard rate > 0, case .training(let generator) = mode else { return x }
    return x.dropout(rate, using: generator)
  }

  public func shallowCopy() -> Dropout { Dropout(rate: rate) }
}
