/// How long the layers of a network take on one machine, by shape, level and precision; `swiftlet bench calibrate`
/// measures it.
///
/// Times add up: `fixed` and one time for each layer predict a forward pass of `batch` images on `threads` threads.
public struct MeasuredTimes: Hashable, Sendable {
  /// One kind of layer at one level. Its time includes the norm that writes its input and the attention that reads its
  /// output, for their formats follow the layer's precision.
  public struct Layer: Hashable, Sendable {
    /// What the layer does in its block, such as `attn.qkv`: layers of one shape differ in what is fused into them.
    public var name: String
    /// Positions of one sample that the layer sees.
    public var tokens, inputs, outputs: Int
    public var choice: LayerChoice
    /// What ran it, such as `sparse_s8_avx512vnni`; for people.
    public var kernel: String
    /// For the whole batch.
    public var nanoseconds: Int

    public init(
      name: String, tokens: Int, inputs: Int, outputs: Int, choice: LayerChoice, kernel: String, nanoseconds: Int
    ) {
      (self.name, self.tokens, self.inputs, self.outputs) = (name, tokens, inputs, outputs)
      (self.choice, self.kernel, self.nanoseconds) = (choice, kernel, nanoseconds)
    }
  }

  /// The processor and instruction set, for people.
  public var processor: String
  public var threads, batch: Int
  /// The network that `fixed` belongs to.
  public var network: String
  /// Everything that no choice changes.
  public var fixed: Int
  public var layers: [Layer]

  public init(processor: String, threads: Int, batch: Int, network: String, fixed: Int, layers: [Layer]) {
    (self.processor, self.threads, self.batch, self.network) = (processor, threads, batch, network)
    (self.fixed, self.layers) = (fixed, layers)
  }

  private struct Key: Hashable {
    let name: String
    let tokens, inputs, outputs: Int
    let choice: LayerChoice
  }

  /// - Throws: ``AcceleratorError`` for a layer that was not measured.
  func costs(of space: SearchSpace, in model: MultiplyAdds, accelerator: String) throws -> PlanCosts {
    let times = Dictionary(
      layers.map { layer in
        (
          Key(
            name: layer.name, tokens: layer.tokens, inputs: layer.inputs, outputs: layer.outputs, choice: layer.choice),
          layer.nanoseconds
        )
      }, uniquingKeysWith: { first, _ in first })
    func time(_ slot: Slot, _ choice: LayerChoice) -> Int? {
      var choice = choice
      if choice.sparsity.isDense { choice.pattern = .dense }
      choice.precision = choice.format
      return times[
        Key(
          name: slot.role, tokens: slot.positions, inputs: slot.inputs, outputs: slot.outputs, choice: choice)]
    }
    for slot in model.slots {
      for choice in Set([LayerChoice(pattern: .dense)] + space.slots.flatMap(\.levels)) where time(slot, choice) == nil
      {
        let shape =
          "\(slot.path), \(slot.inputs) to \(slot.outputs), at \(choice.sparsity) in \(choice.format.rawValue)"
        throw AcceleratorError.unmeasured(accelerator: accelerator, layer: shape)
      }
    }
    return try .counted(.nanoseconds, space, in: model.slots, fixed: fixed) { time($0, $1) ?? 0 }
  }
}
