import SwiftletNN
import SwiftletTensor

/// Joins squares of 2 x 2 neighbours and maps their four vectors to one of twice the width: `reduction(norm(joined))`.
///
/// Shapes: `x` is `[batch, side², width]`, the result `[batch, ⌈side / 2⌉², 2 width]`; zeros fill up an odd side. Of each
/// square come the left upper, left lower, right upper and right lower neighbour, in this order.
/// Source: Liu et al., "Swin Transformer" (2021), section 3.1.
public final class PatchMerging: Layer {
  @Child public var norm: LayerNorm
  @Child public var reduction: any Layer

  /// Tokens of a side of the map that comes in.
  public let side: Int

  public init(side: Int, norm: LayerNorm, reduction: any Layer) {
    self.side = side
    self.norm = norm
    self.reduction = reduction
  }

  public convenience init(side: Int, width: Int, epsilon: Double, using generator: Generator) {
    self.init(
      side: side, norm: LayerNorm(width: 4 * width, epsilon: epsilon),
      reduction: Linear(inputs: 4 * width, outputs: 2 * width, bias: false, using: generator))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, _, width) = x.shape3
    let half = (side + 1) / 2
    var map = x.reshaped([batch, side, side, width])
    if !side.isMultiple(of: 2) { map = map.padded([0, 0, 0, 1, 0, 1]) }
    let squares = map.reshaped([batch, half, 2, half, 2, width]).permuted([0, 1, 3, 4, 2, 5])
    return reduction(norm(squares.reshaped([batch, half * half, 4 * width])))
  }

  public func shallowCopy() -> PatchMerging { PatchMerging(side: side, norm: norm, reduction: reduction) }
}
