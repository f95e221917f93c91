import SwiftletTensor

/// Multi-head self-attention with one projection for queries, keys and values:
/// `projection(softmax(Q Kᵀ / √d) V)`.
///
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result; `qkv` maps `width` to `3 width`, ordered
/// queries, keys, values, and each by heads. With fewer heads of keys and values, each of them serves as many
/// neighbouring heads of queries, and their parts are narrower. Causal, each token sees those up to itself.
/// Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
public final class Attention: Layer {
  @Child public var qkv: any Layer
  @Child public var projection: any Layer
  public let heads: Int
  /// Heads of keys and of values; it divides `heads`.
  public let keyHeads: Int
  public let causal: Bool

  public static let pathNames = ["projection": "proj"]

  /// - Precondition: `keyHeads` divides `heads`.
  public init(qkv: any Layer, projection: any Layer, heads: Int, keyHeads: Int? = nil, causal: Bool = false) {
    let keyHeads = keyHeads ?? heads
    precondition(
      keyHeads > 0 && heads.isMultiple(of: keyHeads), "Attention: \(heads) heads cannot share \(keyHeads) heads of keys"
    )
    (self.heads, self.keyHeads, self.causal) = (heads, keyHeads, causal)
    self.qkv = qkv
    self.projection = projection
  }

  /// - Precondition: `heads` divides `width`.
  public convenience init(
    width: Int, heads: Int, keyHeads: Int? = nil, causal: Bool = false, qkvBias: Bool = true, using generator: Generator
  ) {
    precondition(heads > 0 && width.isMultiple(of: heads), "Attention: \(heads) heads must divide the width \(width)")
    self.init(
      qkv: Linear(
        inputs: width, outputs: width + 2 * (keyHeads ?? heads) * (width / heads), bias: qkvBias, using: generator),
      projection: Linear(inputs: width, outputs: width, using: generator), heads: heads, keyHeads: keyHeads,
      causal: causal)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, tokens, width) = x.shape3
    let head = width / heads
    let parts =
      keyHeads == heads
      ? qkv(x).reshaped([batch, tokens, 3, heads, head]).permuted([2, 0, 3, 1, 4]).unbind(along: 0)
      : qkv(x).split(sizes: [width, keyHeads * head, keyHeads * head], along: 2).map { part in
        part.reshaped([batch, tokens, part.shape[2] / head, head]).transposed(1, 2)
      }
    guard parts.count == 3 else { return x }  // an operation has failed inside `withError`
    let mixed = attend(query: parts[0], key: parts[1], value: parts[2], causal: causal)
    return projection(mixed.transposed(1, 2).reshaped([batch, tokens, width]))
  }

  public func shallowCopy() -> Attention {
    Attention(qkv: qkv, projection: projection, heads: heads, keyHeads: keyHeads, causal: causal)
  }
}
