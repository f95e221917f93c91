import SwiftletCheckpoint
import SwiftletTensor

/// Position embeddings on another grid of patches.
public enum PositionEmbedding {
  /// Resamples the patches' part of `embedding`, `[1, prefixTokens + side², width]`, to `side²` patches; the prefix
  /// tokens keep theirs.
  ///
  /// Bicubic with a = -0.75, corners not aligned and no antialiasing, as DeiT and Hugging Face do; timm antialiases.
  /// - Throws: If the patches of `embedding` form no square.
  public static func resampled(
    _ embedding: Tensor, prefixTokens: Int, toSide side: Int
  ) throws(ConfigurationError) -> Tensor {
    let shape = embedding.shape
    let patches = shape.count == 3 ? shape[1] - prefixTokens : -1
    let oldSide = Int(Double(max(patches, 0)).squareRoot().rounded())
    guard shape.count == 3, shape[0] == 1, oldSide > 0, oldSide * oldSide == patches else {
      throw ConfigurationError(
        "position embeddings of shape \(shape) with \(prefixTokens) prefix tokens hold no square grid of patches")
    }
    if oldSide == side { return embedding }
    return withNoGradient {
      let width = shape[2]
      let prefix = embedding.narrowed(along: 1, from: 0, count: prefixTokens)
      let grid = embedding.narrowed(along: 1, from: prefixTokens, count: patches)
        .reshaped([1, oldSide, oldSide, width]).permuted([0, 3, 1, 2])
      let resampled = grid.interpolate(to: [side, side], .bicubic())
      return Tensor.concatenated(
        [prefix, resampled.permuted([0, 2, 3, 1]).reshaped([1, side * side, width])], along: 1)
    }
  }
}

extension DeiTConfiguration {
  /// `dictionary` (timm's names) with its position embeddings resampled to this configuration's image size.
  public func adapting(_ dictionary: StateDictionary) throws(ConfigurationError) -> StateDictionary {
    guard let embedding = dictionary["pos_embed"] else { return dictionary }
    var adapted = dictionary
    adapted["pos_embed"] = try PositionEmbedding.resampled(embedding, prefixTokens: prefixTokens, toSide: gridSize)
    return adapted
  }
}
