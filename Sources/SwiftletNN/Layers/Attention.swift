import SwiftletTensor

/// Multi-head self-attention with one projection for queries, keys and values:
/// `projection(softmax(Q Kᵀ / √d) V)`.
///
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result; `qkv` maps `width` to `3 width`, ordered
/// queries, keys, values, and each by heads.
/// Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
public final class Attention: Layer {
  @Child public var qkv: any Layer
  @Child public var projection: any Layer
  public let heads: Int

  public static let pathNames = ["projection": "proj"]

  public init(qkv: any Layer, projection: any Layer, heads: Int) {
    self.heads = heads
    self.qkv = qkv
    self.projection = projection
  }

  /// - Precondition: `heads` divides `width`.
  public convenience init(width: Int, heads: Int, qkvBias: Bool = true, using generator: Generator) {
    precondition(heads > 0 && width.isMultiple(of: heads), "Attention: \(heads) heads must divide the width \(width)")
    self.init(
      qkv: Linear(inputs: width, outputs: 3 * width, bias: qkvBias, using: generator),
      projection: Linear(inputs: width, outputs: width, using: generator), heads: heads)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, tokens, width) = x.shape3
    let parts = qkv(x).reshaped([batch, tokens, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4]).unbind(along: 0)
    guard parts.count == 3 else { return x }  // an operation has failed inside `withError`
    let mixed = attend(query: parts[0], key: parts[1], value: parts[2])
    return projection(mixed.transposed(1, 2).reshaped([batch, tokens, width]))
  }

  public func shallowCopy() -> Attention { Attention(qkv: qkv, projection: projection, heads: heads) }
}
