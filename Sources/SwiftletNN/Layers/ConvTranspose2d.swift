import SwiftletTensor

/// A two-dimensional convolution that enlarges: the gradient of a convolution with respect to its input.
///
/// Shapes: `x` is `[batch, inputs, height, width]`, the result `[batch, outputs, …]` with sides of
/// `(side - 1) * stride - 2 * padding + kernel + outputPadding`, `weight` `[inputs, outputs, kernel, kernel]`.
public final class ConvTranspose2d: Layer {
  @Parameter public var weight: Tensor
  @Parameter public var bias: Tensor?
  public let stride, padding, outputPadding: Int

  public init(weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0) {
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    self.weight = weight
    self.bias = bias
  }

  /// Weights and bias uniform in ±1/√(outputs kernel²), as PyTorch starts them.
  public convenience init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    bias: Bool = true, using generator: Generator
  ) {
    let bound = (1 / Double(outputs * kernel * kernel)).squareRoot()
    self.init(
      weight: Initialization.fanInUniform.parameter([inputs, outputs, kernel, kernel], using: generator),
      bias: bias ? Initialization.uniform(bound: bound).parameter([outputs], using: generator) : nil,
      stride: stride, padding: padding, outputPadding: outputPadding)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.transposedConv2d(
      weight: weight, bias: bias, stride: [stride, stride], padding: [padding, padding],
      outputPadding: [outputPadding, outputPadding])
  }

  public func shallowCopy() -> ConvTranspose2d {
    ConvTranspose2d(weight: weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding)
  }
}
