import SwiftletTensor

/// The gated feed-forward block of Llama: `down(activation(gate(x)) * up(x))`.
///
/// Shapes: `x` is `[…, width]`, and so is the result. Parameter paths are Hugging Face's.
/// Source: Shazeer, "GLU Variants Improve Transformer" (2020), section 2.
public final class GatedFeedForward: Layer {
  @Child public var gate: any Layer
  @Child public var up: any Layer
  @Child public var down: any Layer
  public let activation: Activation

  public static let pathNames = ["gate": "gate_proj", "up": "up_proj", "down": "down_proj"]

  public init(gate: any Layer, up: any Layer, down: any Layer, activation: Activation = .silu) {
    self.activation = activation
    self.gate = gate
    self.up = up
    self.down = down
  }

  public convenience init(
    width: Int, hidden: Int, activation: Activation = .silu, bias: Bool = false, using generator: Generator
  ) {
    self.init(
      gate: Linear(inputs: width, outputs: hidden, bias: bias, using: generator),
      up: Linear(inputs: width, outputs: hidden, bias: bias, using: generator),
      down: Linear(inputs: hidden, outputs: width, bias: bias, using: generator), activation: activation)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { down(activation(gate(x)) * up(x)) }

  public func shallowCopy() -> GatedFeedForward {
    GatedFeedForward(gate: gate, up: up, down: down, activation: activation)
  }
}
