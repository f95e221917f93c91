import SwiftletPlans

extension DeiTConfiguration {
  /// `patches · patch pixels · width + depth · 2 L² d + Σ slots + heads · width · classes`. The published count has
  /// `depth · 2 L d` for the blocks' norms, and neither the last norm nor the heads.
  public var multiplyAdds: MultiplyAdds {
    let slots = (0..<depth).flatMap { block in
      [
        ("attn.qkv", width, 3 * width), ("attn.proj", width, width), ("mlp.fc1", width, hidden),
        ("mlp.fc2", hidden, width),
      ].map { name, inputs, outputs in
        Slot(block: "blocks.\(block)", role: name, inputs: inputs, outputs: outputs, positions: tokens)
      }
    }
    return MultiplyAdds(
      patchEmbedding: patches * channels * patchSize * patchSize * width, norms: depth * 2 * tokens * width,
      attention: depth * 2 * tokens * tokens * width,
      head: (distillation == .head ? 2 : 1) * width * classes, publishesHead: false, slots: slots)
  }
}
