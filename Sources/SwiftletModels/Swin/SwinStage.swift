import SwiftletNN
import SwiftletTensor

/// Blocks of one width, behind a merging of patches in all stages but the first.
///
/// Shapes: `[batch, side · side, width]`, at the result those of the stage.
public final class SwinStage: Layer {
  @Child public var downsample: PatchMerging?
  @Child public var blocks: [SwinBlock]

  public init(downsample: PatchMerging?, blocks: [SwinBlock]) {
    self.downsample = downsample
    self.blocks = blocks
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    blocks.reduce(downsample.map { $0(x) } ?? x) { $1($0) }
  }

  public func shallowCopy() -> SwinStage { SwinStage(downsample: downsample, blocks: blocks) }
}
