import SwiftletTensor

/// Cuts images into square patches and maps each to a vector: a convolution whose stride is its kernel.
///
/// Shapes: images are `[batch, channels, side, side]`, the result is `[batch, patches, width]`, row by row.
public final class PatchEmbedding: Layer {
  @Child public var projection: any Layer

  public static let pathNames = ["projection": "proj"]

  public init(projection: any Layer) { self.projection = projection }

  public convenience init(patchSize: Int, channels: Int, width: Int, using generator: Generator) {
    self.init(
      projection: Conv2d(
        inputs: channels, outputs: width, kernel: patchSize, stride: patchSize, using: generator))
  }

  public func callAsFunction(_ images: Tensor) -> Tensor { projection(images).flattened(from: 2).transposed(1, 2) }

  public func shallowCopy() -> PatchEmbedding { PatchEmbedding(projection: projection) }
}
