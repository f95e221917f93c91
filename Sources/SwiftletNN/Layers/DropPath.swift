import SwiftletTensor

/// Stochastic depth: while training, drops a residual branch for each sample with probability `rate` and scales
/// the kept ones by `1 / (1 - rate)`.
///
/// Shapes: `x` is `[batch, …]`; a sample is kept or dropped whole.
/// Source: Huang et al., "Deep Networks with Stochastic Depth" (2016), section 3; scaled while training, as timm does.
public final class DropPath: Layer, ModeDependent {
  public let rate: Double
  public var mode = Mode.inference

  /// - Precondition: `rate` is in `0..<1`.
  public init(rate: Double) {
    precondition((0..<1).contains(rate), "DropPath(rate: \(rate)): the rate is a probability below 1")
    self.rate = rate
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard rate > 0, case .training(let generator) = mode else { return x }
    // One element for each sample: a dropout of ones gives the factors 0 and 1 / (1 - rate).
    let perSample = x.shape.indices.map { $0 == 0 ? x.shape[0] : 1 }
    return x * Tensor.ones(perSample, dataType: x.dataType, device: x.device).dropout(rate, using: generator)
  }

  public func shallowCopy() -> DropPath { DropPath(rate: rate) }
}
