import SwiftletTensor

/// An affine map of the last axis: `y = x Wᵀ + b`.
///
/// Shapes: `x` is `[…, inputs]`, the result `[…, outputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`.
public final class Linear: Layer {
  @Parameter public var weight: Tensor
  @Parameter public var bias: Tensor?

  public init(weight: Tensor, bias: Tensor?) {
    self.weight = weight
    self.bias = bias
  }

  /// Weights and bias uniform in ±1/√inputs.
  public convenience init(inputs: Int, outputs: Int, bias: Bool = true, using generator: Generator) {
    self.init(
      weight: Initialization.fanInUniform.parameter([outputs, inputs], using: generator),
      bias: bias
        ? Initialization.uniform(bound: 1 / Double(inputs).squareRoot()).parameter([outputs], using: generator) : nil)
  }

  public var inputs: Int { weight.shape[1] }
  public var outputs: Int { weight.shape[0] }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight: weight, bias: bias) }

  public func shallowCopy() -> Linear { Linear(weight: weight, bias: bias) }
}
