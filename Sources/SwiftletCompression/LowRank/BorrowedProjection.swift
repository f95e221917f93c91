import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// A projection of keys or values from the latent of an earlier layer, for which a cache keeps nothing more:
/// `y_g = up_g · latent_g + bias_g`.
///
/// Shapes: as ``LowRankProjection``; `x` is what that layer read.
/// Source: Chang et al., "xKV: Cross-Layer SVD for KV-Cache Compression" (2025), which decomposes what a cache holds of several
/// layers together after a prompt. Here the latent is made while tokens come, so that it holds what follows from the first
/// layer's input alone.
public final class BorrowedProjection: BorrowingProjection {
  @Parameter public var up: Tensor
  @Parameter public var bias: Tensor?
  public let lender: LowRankProjection
  public let layersBefore: Int

  /// - Precondition: groups and rank are the lender's.
  public init(up: Tensor, bias: Tensor?, from lender: LowRankProjection, layersBefore: Int) {
    precondition(
      up.rank == 3 && up.shape[0] == lender.groups && up.shape[2] == lender.rank && layersBefore > 0,
      "BorrowedProjection: up of shape \(up.shape), \(layersBefore) layers behind")
    (self.lender, self.layersBefore) = (lender, layersBefore)
    self.up = up
    self.bias = bias
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    LowRankProjection.outputs(ofLatents: lender.latents(x), up, bias)
  }

  public func remembered(_ x: Tensor) -> Tensor {
    LowRankProjection.outputs(ofLatents: lender.rememberedLatents(x), up, bias)
  }

  public func shallowCopy() -> BorrowedProjection {
    BorrowedProjection(up: up, bias: bias, from: lender, layersBefore: layersBefore)
  }
}
