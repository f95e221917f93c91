import SwiftletTensor

/// Position embeddings on another grid of patches.
public enum PositionEmbedding {
  /// Resamples the patches' part of `embedding`, `[1, prefixTokens + old.count, width]`, to the grid `new`; the prefix
  /// tokens keep theirs.
  ///
  /// Bicubic, corners not aligned: plain with a = -0.75 as DeiT, DINOv2 and Hugging Face do, or antialiased with
  /// a = -0.5 as timm does.
  /// - Precondition: `embedding` has that shape.
  public static func resampled(
    _ embedding: Tensor, prefixTokens: Int, from old: PatchGrid, to new: PatchGrid, antialiased: Bool = false
  ) -> Tensor {
    precondition(
      embedding.rank == 3 && embedding.shape[0] == 1 && embedding.shape[1] == prefixTokens + old.count,
      "PositionEmbedding: \(embedding.shape) is not [1, \(prefixTokens) + \(old), width]")
    if old == new { return embedding }
    return withNoGradient {
      let width = embedding.shape[2]
      let prefix = embedding.narrowed(along: 1, from: 0, count: prefixTokens)
      let grid = embedding.narrowed(along: 1, from: prefixTokens, count: old.count)
        .reshaped([1, old.rows, old.columns, width]).permuted([0, 3, 1, 2])
      let resampled = grid.interpolate(to: [new.rows, new.columns], .bicubic(antialiased: antialiased))
      return Tensor.concatenated(
        [prefix, resampled.permuted([0, 2, 3, 1]).reshaped([1, new.count, width])], along: 1)
    }
  }
}
