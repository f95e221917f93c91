import SwiftletTensor

/// Cuts images into square patches and maps each to a vector: a convolution whose stride is its kernel, and optionally a
/// norm.
///
/// Shapes: images are `[batch, channels, side, side]`, the result is `[batch, patches, width]`, row by row.
public final class PatchEmbedding: Layer {
  @Child public var projection: any Layer
  @Child public var norm: LayerNorm?

  public static let pathNames = ["projection": "proj"]

  public init(projection: any Layer, norm: LayerNorm? = nil) {
    self.projection = projection
    self.norm = norm
  }

  public convenience init(
    patchSize: Int, channels: Int, width: Int, norm: LayerNorm? = nil, using generator: Generator
  ) {
    self.init(
      projection: Conv2d(
        inputs: channels, outputs: width, kernel: patchSize, stride: patchSize, using: generator), norm: norm)
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    let patches = projection(images).flattened(from: 2).transposed(1, 2)
    return norm.map { $0(patches) } ?? patches
  }

  public func shallowCopy() -> PatchEmbedding { PatchEmbedding(projection: projection, norm: norm) }
}
