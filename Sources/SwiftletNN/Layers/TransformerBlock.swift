import SwiftletTensor

/// A pre-norm transformer block: `x ← x + scale1(attn(norm1(x)))`, then `x + scale2(mlp(norm2(x)))`; where there are no
/// scales, they are 1.
///
/// Shapes: `x` is `[batch, tokens, width]`, and so is the result.
/// Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), equations 2 and 3.
public final class TransformerBlock: Layer {
  @Child public var norm1: LayerNorm
  @Child public var attn: Attention
  @Child public var scale1: LayerScale?
  @Child public var dropPath1: DropPath
  @Child public var norm2: LayerNorm
  @Child public var mlp: any Layer
  @Child public var scale2: LayerScale?
  @Child public var dropPath2: DropPath

  public static let pathNames = ["scale1": "ls1", "scale2": "ls2"]

  public init(
    norm1: LayerNorm, attn: Attention, norm2: LayerNorm, mlp: any Layer, dropPath1: DropPath, dropPath2: DropPath,
    scale1: LayerScale? = nil, scale2: LayerScale? = nil
  ) {
    self.norm1 = norm1
    self.attn = attn
    self.norm2 = norm2
    self.mlp = mlp
    self.dropPath1 = dropPath1
    self.dropPath2 = dropPath2
    self.scale1 = scale1
    self.scale2 = scale2
  }

  /// - Parameter layerScale: what the scales of both branches start from; nil is no scales.
  public convenience init(
    width: Int, heads: Int, hidden: Int, activation: Activation = .gelu, qkvBias: Bool = true,
    layerScale: Double? = nil, dropPath: Double = 0, epsilon: Double = 1e-6, using generator: Generator
  ) {
    self.init(
      norm1: LayerNorm(width: width, epsilon: epsilon),
      attn: Attention(width: width, heads: heads, qkvBias: qkvBias, using: generator),
      norm2: LayerNorm(width: width, epsilon: epsilon),
      mlp: MLP(width: width, hidden: hidden, activation: activation, using: generator),
      dropPath1: DropPath(rate: dropPath), dropPath2: DropPath(rate: dropPath),
      scale1: layerScale.map { LayerScale(width: width, start: $0) },
      scale2: layerScale.map { LayerScale(width: width, start: $0) })
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let attended = attn(norm1(x))
    let x = x + dropPath1(scale1?(attended) ?? attended)
    let branch = mlp(norm2(x))
    return x + dropPath2(scale2?(branch) ?? branch)
  }

  public func shallowCopy() -> TransformerBlock {
    TransformerBlock(
      norm1: norm1, attn: attn, norm2: norm2, mlp: mlp, dropPath1: dropPath1, dropPath2: dropPath2, scale1: scale1,
      scale2: scale2)
  }
}
