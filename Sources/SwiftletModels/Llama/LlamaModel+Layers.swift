import SwiftletNN
import SwiftletTensor

extension LlamaModel {
  /// Hands out what the attention of each block reads, `[batch, tokens, width]`, for all batches of a block before those of
  /// the next: so that statistics of one block at a time fit into memory, whatever the text.
  ///
  /// What is kept meanwhile is one block's input for every token. `body` may replace layers of the attention that it gets; the
  /// blocks behind then read what the new ones make.
  /// - Parameter batches: token ids, `[batch, tokens]` each.
  public func forEachAttentionInput(
    of batches: [Tensor], _ body: (_ layer: Int, _ attention: LlamaAttention, _ input: Tensor) throws -> Void,
    afterEach: (_ layer: Int, _ attention: LlamaAttention) throws -> Void = { _, _ in }
  ) rethrows {
    try withNoGradient {
      let contexts = batches.map {
        LlamaContext(configuration, tokens: $0.shape[1], positions: nil, device: $0.device)
      }
      var states = batches.map { embedding($0) }
      for (layer, block) in blocks.enumerated() {
        for state in states { try body(layer, block.attention, block.norm1(state)) }
        try afterEach(layer, block.attention)
        for (index, context) in contexts.enumerated() { states[index] = block(states[index], in: context) }
      }
    }
  }
}
