import SwiftletPlans

extension LlamaModel {
  public var slots: [Slot] { configuration.slots }
}

extension LlamaConfiguration {
  /// The layers that compression may change, for one token. What a cache keeps of each token are the outputs of those of
  /// the kinds keys and values, in `keyHeads` heads.
  public var slots: [Slot] {
    let (queries, keys) = (heads * headWidth, keyHeads * headWidth)
    let layers: [(role: String, kind: Slot.Kind, inputs: Int, outputs: Int, heads: Int)] = [
      ("self_attn.q_proj", .linear, width, queries, heads), ("self_attn.k_proj", .keys, width, keys, keyHeads),
      ("self_attn.v_proj", .values, width, keys, keyHeads), ("self_attn.o_proj", .linear, queries, width, 1),
      ("mlp.gate_proj", .linear, width, hidden, 1), ("mlp.up_proj", .linear, width, hidden, 1),
      ("mlp.down_proj", .linear, hidden, width, 1),
    ]
    return (0..<self.layers).flatMap { block in
      layers.map { layer in
        Slot(
          block: "model.layers.\(block)", role: layer.role, kind: layer.kind, inputs: layer.inputs,
          outputs: layer.outputs, positions: 1, heads: layer.heads)
      }
    }
  }
}
