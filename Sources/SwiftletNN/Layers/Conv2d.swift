import SwiftletTensor

/// A two-dimensional convolution (cross-correlation, as everywhere in the field).
///
/// Shapes: `x` is `[batch, inputs, height, width]`, the result `[batch, outputs, …]`, `weight`
/// `[outputs, inputs / groups, kernel, kernel]`.
public final class Conv2d: Layer {
  @Parameter public var weight: Tensor
  @Parameter public var bias: Tensor?
  public let stride, padding, dilation, groups: Int

  public init(weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    self.weight = weight
    self.bias = bias
  }

  /// Weights and bias uniform in ±1/√fanIn.
  /// - Precondition: `groups` divides `inputs` and `outputs`.
  public convenience init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    bias: Bool = true, using generator: Generator
  ) {
    let start = Initialization.convolution(
      inputs: inputs, outputs: outputs, kernel: [kernel, kernel], groups: groups, bias: bias, using: generator)
    self.init(
      weight: start.weight, bias: start.bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv2d(
      weight: weight, bias: bias, stride: [stride, stride], padding: [padding, padding],
      dilation: [dilation, dilation], groups: groups)
  }

  public func shallowCopy() -> Conv2d {
    Conv2d(weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}
