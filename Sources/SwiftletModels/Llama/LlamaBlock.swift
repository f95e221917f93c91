import SwiftletNN
import SwiftletTensor

/// A pre-norm block: `x ← x + attention(norm1(x))`, then `x + feedForward(norm2(x))`.
///
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result. Parameter paths are Hugging Face's.
/// Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models" (2023), section 2.2.
public final class LlamaBlock: Module {
  @Child public var norm1: RMSNorm
  @Child public var attention: LlamaAttention
  @Child public var norm2: RMSNorm
  @Child public var feedForward: any Layer

  public static let pathNames = [
    "norm1": "input_layernorm", "attention": "self_attn", "norm2": "post_attention_layernorm", "feedForward": "mlp",
  ]

  public init(norm1: RMSNorm, attention: LlamaAttention, norm2: RMSNorm, feedForward: any Layer) {
    self.norm1 = norm1
    self.attention = attention
    self.norm2 = norm2
    self.feedForward = feedForward
  }

  public func callAsFunction(_ x: Tensor, in context: LlamaContext) -> Tensor {
    let x = x + attention(norm1(x), in: context)
    return x + feedForward(norm2(x))
  }

  public func shallowCopy() -> LlamaBlock {
    LlamaBlock(norm1: norm1, attention: attention, norm2: norm2, feedForward: feedForward)
  }
}
