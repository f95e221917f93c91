import SwiftletPlans

extension SwinConfiguration {
  /// With side `H`, width `d` and, where windows of `T` tokens cover the map, `n T = H²` tokens in each stage:
  /// `patches · patch pixels · width + blocks · 2 n T² d + Σ merging (2 d)(4 d) H² / 4 + Σ slots + last width · classes`.
  ///
  /// In the published count norms have one multiply-add an element, the last norm as the published cost functions have it, on
  /// `patches / 2^stages` tokens; it sees `patches / 4^(stages - 1)`.
  /// Source: the `flops` methods of Liu et al.'s published code, which Huang et al., "ELSA" (2024) build on.
  public var multiplyAdds: MultiplyAdds {
    let (stages, patches) = (stages, gridSize * gridSize)
    var (norms, attention, merging) = (patches * width, 0, 0)
    var slots: [Slot] = []
    for (index, stage) in stages.enumerated() {
      let (tokens, d) = (stage.side * stage.side, stage.width)
      let windows = stage.windows(ofBlock: 0)
      let windowed = windows.count * windows.tokens
      norms += stage.depth * 2 * tokens * d
      attention += stage.depth * 2 * windowed * windows.tokens * d
      if index > 0 {
        // Of the half as wide map before; odd sides are filled up with zeros.
        norms += tokens * 2 * d
        merging += tokens * 2 * d * d
      }
      for block in 0..<stage.depth {
        slots += [
          ("attn.qkv", d, 3 * d, windowed), ("attn.proj", d, d, windowed), ("mlp.fc1", d, stage.hidden, tokens),
          ("mlp.fc2", stage.hidden, d, tokens),
        ].map { name, inputs, outputs, tokens in
          Slot(
            block: "layers.\(index).blocks.\(block)", role: name, inputs: inputs, outputs: outputs, positions: tokens)
        }
      }
    }
    let last = width << (depths.count - 1)
    norms += (last * patches) >> depths.count
    return MultiplyAdds(
      patchEmbedding: patches * channels * patchSize * patchSize * width, norms: norms, attention: attention,
      patchMerging: merging, head: last * classes, publishesHead: true, slots: slots)
  }
}
