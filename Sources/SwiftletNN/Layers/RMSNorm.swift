import SwiftletTensor

/// Scales the last axis to mean square 1, then each channel by its weight: `x / √(mean(x²) + ε) · w`.
///
/// Shapes: `x` is `[…, width]`, and so is the result.
/// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), equation 4.
public final class RMSNorm: Layer {
  @Parameter public var weight: Tensor
  public let epsilon: Double

  public init(weight: Tensor, epsilon: Double) {
    self.epsilon = epsilon
    self.weight = weight
  }

  /// Starts as plain normalisation: weight 1.
  public convenience init(width: Int, epsilon: Double = 1e-6) {
    self.init(weight: .parameterOfOnes([width]), epsilon: epsilon)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.rmsNorm(shape: weight.shape, weight: weight, epsilon: epsilon) }

  public func shallowCopy() -> RMSNorm { RMSNorm(weight: weight, epsilon: epsilon) }
}
