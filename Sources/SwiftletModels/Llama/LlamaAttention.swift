import SwiftletNN
import SwiftletTensor

/// Causal self-attention whose heads of keys and values each serve several heads of queries:
/// `output(softmax(Q Kᵀ / √d + bias) V)`, where queries and keys are turned by their positions, if the network does so.
///
/// Each of the four layers may be replaced, such as that of the keys by two thin ones: positions come after it.
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result; `query` gives `heads · headWidth`, `key` and `value`
/// `keyHeads · headWidth` channels. Parameter paths are Hugging Face's.
/// Source: Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models" (2023), section 2.2.
public final class LlamaAttention: Module {
  @Child public var query: any Layer
  @Child public var key: any Layer
  @Child public var value: any Layer
  @Child public var output: any Layer
  public let heads, keyHeads, headWidth: Int
  /// How many tokens a query sees, itself included; nil is all before it.
  public let window: Int?

  public static let pathNames = ["query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj"]

  /// - Precondition: `keyHeads` divides `heads`.
  public init(
    query: any Layer, key: any Layer, value: any Layer, output: any Layer, heads: Int, keyHeads: Int, headWidth: Int,
    window: Int? = nil
  ) {
    precondition(
      keyHeads > 0 && heads.isMultiple(of: keyHeads),
      "LlamaAttention: \(heads) heads cannot share \(keyHeads) heads of keys")
    (self.heads, self.keyHeads, self.headWidth, self.window) = (heads, keyHeads, headWidth, window)
    self.query = query
    self.key = key
    self.value = value
    self.output = output
  }

  public func callAsFunction(_ x: Tensor, in context: LlamaContext) -> Tensor {
    let (batch, tokens, _) = x.shape3
    func split(_ projected: Tensor, into heads: Int) -> Tensor {
      projected.reshaped([batch, tokens, heads, headWidth]).transposed(1, 2)
    }
    var (q, k) = (split(query(x), into: heads), split(key(x), into: keyHeads))
    if let rotation = context.rotation { (q, k) = (rotation(q), rotation(k)) }
    let bias = context.bias(window: window)?.cast(to: q.dataType)
    let mixed = attend(query: q, key: k, value: split(value(x), into: keyHeads), bias: bias, causal: bias == nil)
    return output(mixed.transposed(1, 2).reshaped([batch, tokens, heads * headWidth]))
  }

  public func shallowCopy() -> LlamaAttention {
    LlamaAttention(
      query: query, key: key, value: value, output: output, heads: heads, keyHeads: keyHeads, headWidth: headWidth,
      window: window)
  }
}
