import SwiftletNN
import SwiftletTensor

/// A pre-norm transformer block on a feature map, with attention inside windows: `x ← x + attn(norm1(x))`, then
/// `x + mlp(norm2(x))`.
///
/// Shapes: `x` is `[batch, side · side, width]`, and so is the result. Source: Liu et al., "Swin Transformer" (2021),
/// equation 3. A map that windows do not tile is filled up behind the norm, before or after the shift
/// as the windows say.
public final class SwinBlock: Layer {
  @Child public var norm1: LayerNorm
  @Child public var attn: WindowAttention
  @Child public var dropPath1: DropPath
  @Child public var norm2: LayerNorm
  @Child public var mlp: any Layer
  @Child public var dropPath2: DropPath

  public init(
    norm1: LayerNorm, attn: WindowAttention, norm2: LayerNorm, mlp: any Layer, dropPath1: DropPath, dropPath2: DropPath
  ) {
    self.norm1 = norm1
    self.attn = attn
    self.norm2 = norm2
    self.mlp = mlp
    self.dropPath1 = dropPath1
    self.dropPath2 = dropPath2
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let windows = attn.windows
    let x = x + dropPath1(windows.join(attn(windows.cut(norm1(x)))))
    return x + dropPath2(mlp(norm2(x)))
  }

  public func shallowCopy() -> SwinBlock {
    SwinBlock(norm1: norm1, attn: attn, norm2: norm2, mlp: mlp, dropPath1: dropPath1, dropPath2: dropPath2)
  }
}
