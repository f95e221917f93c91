/// The multiply-adds of one image, by part, in exact integers.
///
/// Counted as the vision transformer literature counts: LayerNorm two per element (the blocks' only), softmax,
/// activations and residual sums none, biases none, the head not. Source: Huang et al., "ELSA" (2024), its released cost function.
public struct MultiplyAdds: Hashable, Sendable {
  /// One linear layer of the blocks on all tokens.
  public struct Slot: Hashable, Sendable {
    /// The layer's path, such as `blocks.0.attn.qkv`.
    public let path: String
    public let inputs, outputs: Int
    /// Dense multiply-adds: tokens · inputs · outputs.
    public let dense: Int
  }

  public let patchEmbedding, norms, attention: Int
  /// By block, in the order of the forward pass: qkv, proj, fc1, fc2.
  public let slots: [Slot]

  /// What no sparsity of the linear layers changes.
  public var fixed: Int { patchEmbedding + norms + attention }
  public var dense: Int { fixed + slots.reduce(0) { $0 + $1.dense } }

  /// The total when of every `group` weights of a slot `kept` remain; nil means dense.
  ///
  /// - Precondition: `group` divides the slot's inputs.
  public func total(keeping level: (_ path: String) -> (kept: Int, group: Int)?) -> Int {
    slots.reduce(fixed) { sum, slot in
      guard let (kept, group) = level(slot.path) else { return sum + slot.dense }
      precondition(
        slot.inputs.isMultiple(of: group), "\(slot.path): groups of \(group) do not divide \(slot.inputs) inputs")
      return sum + slot.dense / group * kept
    }
  }
}

extension DeiTConfiguration {
  /// `patches · patch pixels · width + depth · (2 L d + 2 L² d) + Σ slots`.
  public var multiplyAdds: MultiplyAdds {
    let slots = (0..<depth).flatMap { block in
      [
        ("attn.qkv", width, 3 * width), ("attn.proj", width, width), ("mlp.fc1", width, hidden),
        ("mlp.fc2", hidden, width),
      ].map { name, inputs, outputs in
        MultiplyAdds.Slot(
          path: "blocks.\(block).\(name)", inputs: inputs, outputs: outputs, dense: tokens * inputs * outputs)
      }
    }
    return MultiplyAdds(
      patchEmbedding: patches * channels * patchSize * patchSize * width, norms: depth * 2 * tokens * width,
      attention: depth * 2 * tokens * tokens * width, slots: slots)
  }
}
