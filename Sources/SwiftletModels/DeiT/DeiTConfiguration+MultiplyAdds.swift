extension DeiTConfiguration {
  /// The blocks' norms count two multiply-adds an element, the last norm and the head none:
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
