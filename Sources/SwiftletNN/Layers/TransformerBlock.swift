import SwiftletTensor

/// A pre-norm transformer block: `x ← x + attn(norm1(x))`, then `x + mlp(norm2(x))`.
///
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result.
/// Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), equations 2 and 3.
public final class TransformerBlock: Layer {
  @Child public var norm1: LayerNorm
  @Child public var attn: Attention
  @Child public var dropPath1: DropPath
  @Child public var norm2: LayerNorm
  @Child public var mlp: any Layer
  @Child public var dropPath2: DropPath

  public init(
    norm1: LayerNorm, attn: Attention, norm2: LayerNorm, mlp: any Layer, dropPath1: DropPath, dropPath2: DropPath
  ) {
    self.norm1 = norm1
    self.attn = attn
    self.norm2 = norm2
    self.mlp = mlp
    self.dropPath1 = dropPath1
    self.dropPath2 = dropPath2
  }

  public convenience init(
    width: Int, heads: Int, hidden: Int, qkvBias: Bool = true, dropPath: Double = 0, epsilon: Double = 1e-6,
    using generator: Generator
  ) {
    self.init(
      norm1: LayerNorm(width: width, epsilon: epsilon),
      attn: Attention(width: width, heads: heads, qkvBias: qkvBias, using: generator),
      norm2: LayerNorm(width: width, epsilon: epsilon),
      mlp: MLP(width: width, hidden: hidden, using: generator),
      dropPath1: DropPath(rate: dropPath), dropPath2: DropPath(rate: dropPath))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let x = x + dropPath1(attn(norm1(x)))
    return x + dropPath2(mlp(norm2(x)))
  }

  public func shallowCopy() -> TransformerBlock {
    TransformerBlock(norm1: norm1, attn: attn, norm2: norm2, mlp: mlp, dropPath1: dropPath1, dropPath2: dropPath2)
  }
}
