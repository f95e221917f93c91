import SwiftletNN
import SwiftletTensor

extension LlamaModel {
  /// Hands out what the attention of each block reads, `[batch, tokens, width]`, from the first block to the last.
  ///
  /// - Parameter ids: `[batch, tokens]`.
  public func forEachAttentionInput(
    of ids: Tensor, _ body: (_ layer: Int, _ attention: LlamaAttention, _ input: Tensor) throws -> Void
  ) rethrows {
    try withNoGradient {
      let context = LlamaContext(
        configuration, tokens: ids.shape[1], positions: nil, device: ids.device, remembersInputs: rememberedInputs)
      var state = embedding(ids)
      for (layer, block) in blocks.enumerated() {
        try body(layer, block.attention, block.norm1(state))
        state = block(state, in: context)
      }
    }
  }
}
