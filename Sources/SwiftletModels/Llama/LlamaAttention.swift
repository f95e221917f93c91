import SwiftletNN
import SwiftletTensor

/// Causal self-attention whose heads of keys and values each serve several heads of queries:
/// `output(softmax(Q Kᵀ / √d + bias) V)`, where queries and keys are turned by their positions, if the network does so.
///
/// Each of the four layers may be replaced, such as that of the keys by two thin ones: positions come after it. Where such a
/// layer is a ``RememberedProjection``, or ``memory`` says what a cache makes of whole keys and values, tokens attend to what
/// comes back from the cache, but for those that it keeps whole.
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
  /// What a cache makes of keys and values; nil keeps them as they are.
  public var memory: (any KeyValueMemory)?
  /// What a cache keeps whole, where it keeps anything else.
  public var whole = WholeTokens()

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
    context.note(x)
    /// What a layer reads: mostly `x`.
    func input(of layer: any Layer) -> Tensor {
      (layer as? any BorrowingProjection).map { context.input(layersBefore: $0.layersBefore) } ?? x
    }
    func split(_ projected: Tensor, into heads: Int) -> Tensor {
      projected.reshaped([batch, tokens, heads, headWidth]).transposed(1, 2)
    }
    func turned(_ heads: Tensor) -> Tensor { context.rotation.map { $0(heads) } ?? heads }
    func keys(_ projected: Tensor) -> Tensor { turned(split(projected, into: keyHeads)) }
    func values(_ projected: Tensor) -> Tensor { split(projected, into: keyHeads) }
    let q = turned(split(query(x), into: heads))
    let bias = context.bias(window: window)?.cast(to: q.dataType)
    var kept = (
      keys: keys(remembered(key, input(of: key))), values: values(remembered(value, input(of: value)))
    )
    if let memory { kept = (memory.keys(kept.keys), memory.values(kept.values)) }
    let mixed: Tensor
    if remembers, let mask = whole.mask(tokens: tokens, device: q.device) {
      mixed = attend(
        q, where: mask, whole: (keys(key(input(of: key))), values(value(input(of: value)))), elsewhere: kept, bias)
    } else {
      mixed = SwiftletNN.attend(query: q, key: kept.keys, value: kept.values, bias: bias, causal: bias == nil)
    }
    return output(mixed.transposed(1, 2).reshaped([batch, tokens, heads * headWidth]))
  }

  /// How many layers before this one something is read from; 0 where that is nowhere.
  var layersBefore: Int {
    [key, value].compactMap { ($0 as? any BorrowingProjection)?.layersBefore }.max() ?? 0
  }

  /// Whether anything comes back from a cache other than it went in.
  private var remembers: Bool {
    memory != nil || key is any RememberedProjection || value is any RememberedProjection
  }

  private func remembered(_ layer: any Layer, _ x: Tensor) -> Tensor {
    (layer as? any RememberedProjection)?.remembered(x) ?? layer(x)
  }

  /// Attention to some tokens whole, and to what comes back from a cache of the others.
  private func attend(
    _ query: Tensor, where mask: Tensor, whole: (keys: Tensor, values: Tensor),
    elsewhere kept: (keys: Tensor, values: Tensor), _ bias: Tensor?
  ) -> Tensor {
    let tokens = query.shape[2]
    // A head of keys for each head of queries.
    func shared(_ heads: Tensor) -> Tensor {
      let (batch, width) = (heads.shape[0], heads.shape[3])
      return heads.unsqueezed(2).expanded([batch, keyHeads, self.heads / keyHeads, tokens, width])
        .reshaped([batch, self.heads, tokens, width])
    }
    let scaled = query * (1 / Double(headWidth).squareRoot())
    func scores(_ keys: Tensor) -> Tensor { scaled.matmul(shared(keys).transposed(-2, -1)) }
    let hidden = bias ?? CausalBias.scores(tokens: tokens, device: query.device).cast(to: query.dataType)
    let chances = (Tensor.where(mask, scores(whole.keys), scores(kept.keys)) + hidden).softmax(along: -1)
    return chances.maskedFill(mask.logicalNot(), 0).matmul(shared(whole.values))
      + chances.maskedFill(mask, 0).matmul(shared(kept.values))
  }

  public func shallowCopy() -> LlamaAttention {
    let copy = LlamaAttention(
      query: query, key: key, value: value, output: output, heads: heads, keyHeads: keyHeads, headWidth: headWidth,
      window: window)
    (copy.memory, copy.whole) = (memory, whole)
    return copy
  }
}
