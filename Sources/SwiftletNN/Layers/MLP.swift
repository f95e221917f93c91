import SwiftletTensor

/// The feed-forward block of a transformer: `fc2(activation(fc1(x)))`.
///
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result.
public final class MLP: Layer {
  @Child public var fc1: any Layer
  @Child public var fc2: any Layer
  public let activation: Activation

  public init(fc1: any Layer, fc2: any Layer, activation: Activation = .gelu) {
    self.activation = activation
    self.fc1 = fc1
    self.fc2 = fc2
  }

  public convenience init(width: Int, hidden: Int, activation: Activation = .gelu, using generator: Generator) {
    self.init(
      fc1: Linear(inputs: width, outputs: hidden, using: generator),
      fc2: Linear(inputs: hidden, outputs: width, using: generator), activation: activation)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { fc2(activation(fc1(x))) }

  public func shallowCopy() -> MLP { MLP(fc1: fc1, fc2: fc2, activation: activation) }
}
