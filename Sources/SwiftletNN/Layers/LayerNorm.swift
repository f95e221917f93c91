import SwiftletTensor

/// Normalises the last axis to mean 0 and variance 1, then scales and shifts: `(x - μ) / √(σ² + ε) · w + b`.
///
/// Shapes: `x` is `[…, width]`, and so is the result. Source: Ba et al., "Layer Normalization" (2016), section 3.
public final class LayerNorm: Layer {
  @Parameter public var weight: Tensor
  @Parameter public var bias: Tensor?
  public let epsilon: Double

  public init(weight: Tensor, bias: Tensor?, epsilon: Double) {
    self.epsilon = epsilon
    self.weight = weight
    self.bias = bias
  }

  /// Starts as plain normalisation: weight 1, bias 0.
  public convenience init(width: Int, epsilon: Double = 1e-5) {
    self.init(weight: .parameterOfOnes([width]), bias: .parameterOfZeros([width]), epsilon: epsilon)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(shape: weight.shape, weight: weight, bias: bias, epsilon: epsilon)
  }

  public func shallowCopy() -> LayerNorm { LayerNorm(weight: weight, bias: bias, epsilon: epsilon) }
}
