import SwiftletNN
import SwiftletTensor

/// A Swin transformer: stages of blocks that attend within windows, which every second block shifts, on ever smaller
/// and wider feature maps, and a linear head on the mean of the last map.
///
/// Parameter paths are timm's.
/// Source: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows" (2021).
public final class SwinTransformer: ImageClassifier {
  public let configuration: SwinConfiguration
  @Child public var patchEmbedding: PatchEmbedding
  @Child public var stages: [SwinStage]
  @Child public var norm: LayerNorm
  @Child public var head: any Layer

  public static let pathNames = ["patchEmbedding": "patch_embed", "stages": "layers", "head": "head.fc"]

  /// A network with random weights: linear weights and position biases from `N(0, 0.02²)`, linear biases 0.
  public init(_ configuration: SwinConfiguration, using generator: Generator) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    let epsilon = configuration.normEpsilon
    patchEmbedding = PatchEmbedding(
      patchSize: configuration.patchSize, channels: configuration.channels, width: configuration.width,
      norm: LayerNorm(width: configuration.width, epsilon: epsilon), using: generator)
    var rates = configuration.dropPathRates[...]
    let stages = configuration.stages
    self.stages = stages.enumerated().map { index, stage in
      SwinStage(
        downsample: index > 0
          ? PatchMerging(
            side: stages[index - 1].side, width: stage.width / 2, epsilon: epsilon, using: generator) : nil,
        blocks: (0..<stage.depth).map { block in
          let rate = rates.removeFirst()
          return SwinBlock(
            norm1: LayerNorm(width: stage.width, epsilon: epsilon),
            attn: WindowAttention(
              width: stage.width, heads: stage.heads,
              windows: stage.windows(ofBlock: block, padding: configuration.windowPadding ?? .beforeShift),
              qkvBias: configuration.qkvBias, using: generator),
            norm2: LayerNorm(width: stage.width, epsilon: epsilon),
            mlp: MLP(
              width: stage.width, hidden: stage.hidden, activation: configuration.activation, using: generator),
            dropPath1: DropPath(rate: rate), dropPath2: DropPath(rate: rate))
        })
    }
    let last = configuration.width << (stages.count - 1)
    norm = LayerNorm(width: last, epsilon: epsilon)
    head =
      configuration.classes > 0
      ? Linear(inputs: last, outputs: configuration.classes, using: generator) : Identity()
    let start = Initialization.truncatedNormal(standardDeviation: 0.02)
    for (_, linear) in linearLayers() {
      linear.weight = start.parameter(linear.weight.shape, using: generator)
      if let bias = linear.bias { linear.bias = .parameterOfZeros(bias.shape) }
    }
  }

  private init(sharing other: SwinTransformer) {
    configuration = other.configuration
    patchEmbedding = other.patchEmbedding
    stages = other.stages
    norm = other.norm
    head = other.head
  }

  public func shallowCopy() -> SwinTransformer { SwinTransformer(sharing: self) }

  /// Class scores `[batch, classes]` of `images`, `[batch, channels, side, side]`.
  public func callAsFunction(_ images: Tensor) -> Tensor { head(features(images).mean(along: [1])) }

  /// The normalised map after the last block, `[batch, side · side, width]`.
  public func features(_ images: Tensor) -> Tensor {
    if Array(images.shape.dropFirst()) != inputShape {
      reportFailure(
        "SwinTransformer", "images have shape \(images.shape), the configuration expects [batch] + \(inputShape)")
    }
    return norm(stages.reduce(patchEmbedding(images)) { $1($0) })
  }
}
