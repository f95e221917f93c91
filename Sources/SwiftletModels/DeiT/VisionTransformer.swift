import SwiftletNN
import SwiftletTensor

/// A vision transformer: an encoder over image patches with a class token, and a linear head on it.
///
/// Parameter paths are timm's. With a distillation head, inference takes the mean of both heads' scores.
/// Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), section 3.1; Touvron et al., "Training
/// Data-Efficient Image Transformers" (2021), section 4.
public final class VisionTransformer: ImageClassifier {
  public let configuration: DeiTConfiguration
  @Parameter public var classToken: Tensor
  @Parameter public var positionEmbedding: Tensor
  @Parameter public var distillationToken: Tensor?
  @Child public var patchEmbedding: PatchEmbedding
  @Child public var blocks: [TransformerBlock]
  @Child public var norm: LayerNorm
  @Child public var head: any Layer
  @Child public var distillationHead: (any Layer)?

  public static let pathNames = [
    "classToken": "cls_token", "positionEmbedding": "pos_embed", "distillationToken": "dist_token",
    "patchEmbedding": "patch_embed", "distillationHead": "head_dist",
  ]

  /// A network with random weights: linear weights, tokens and positions from `N(0, 0.02²)`, linear biases 0.
  public init(_ configuration: DeiTConfiguration, using generator: Generator) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    let width = configuration.width
    let start = Initialization.truncatedNormal(standardDeviation: 0.02)
    let hasHead = configuration.distillation == .head
    classToken = start.parameter([1, 1, width], using: generator)
    positionEmbedding = start.parameter([1, configuration.tokens, width], using: generator)
    distillationToken =
      configuration.distillation == .none ? nil : start.parameter([1, 1, width], using: generator)
    patchEmbedding = PatchEmbedding(
      patchSize: configuration.patchSize, channels: configuration.channels, width: width, using: generator)
    blocks = configuration.dropPathRates.map { rate in
      TransformerBlock(
        width: width, heads: configuration.heads, hidden: configuration.hidden, qkvBias: configuration.qkvBias,
        dropPath: rate, epsilon: configuration.normEpsilon, using: generator)
    }
    norm = LayerNorm(width: width, epsilon: configuration.normEpsilon)
    head = Linear(inputs: width, outputs: configuration.classes, using: generator)
    distillationHead = hasHead ? Linear(inputs: width, outputs: configuration.classes, using: generator) : nil
    for (_, linear) in linearLayers() {
      linear.weight = start.parameter(linear.weight.shape, using: generator)
      if let bias = linear.bias { linear.bias = .parameterOfZeros(bias.shape) }
    }
  }

  private init(sharing other: VisionTransformer) {
    configuration = other.configuration
    classToken = other.classToken
    positionEmbedding = other.positionEmbedding
    distillationToken = other.distillationToken
    patchEmbedding = other.patchEmbedding
    blocks = other.blocks
    norm = other.norm
    head = other.head
    distillationHead = other.distillationHead
  }

  public func shallowCopy() -> VisionTransformer { VisionTransformer(sharing: self) }

  /// Class scores `[batch, classes]` of `images`, `[batch, channels, imageSize, imageSize]`.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    let (classScores, distillationScores) = scores(images)
    guard let distillationScores else { return classScores }
    return (classScores + distillationScores) / 2
  }

  /// The scores of both heads, for training with a teacher: `[batch, classes]` each.
  public func scores(_ images: Tensor) -> (classToken: Tensor, distillationToken: Tensor?) {
    let x = features(images)
    return (head(x.select(along: 1, at: 0)), distillationHead.map { $0(x.select(along: 1, at: 1)) })
  }

  /// The normalised tokens after the last block, `[batch, tokens, width]`: class, distillation if any, patches.
  public func features(_ images: Tensor) -> Tensor {
    let expected = [configuration.channels, configuration.imageSize, configuration.imageSize]
    if Array(images.shape.dropFirst()) != expected {
      reportFailure(
        "VisionTransformer", "images have shape \(images.shape), the configuration expects [batch] + \(expected)")
    }
    let patches = patchEmbedding(images)
    let prefix = [classToken, distillationToken].compactMap { token in
      token.map { $0.expanded([patches.shape[0], 1, configuration.width]) }
    }
    var x = Tensor.concatenated(prefix + [patches], along: 1) + positionEmbedding
    for block in blocks { x = block(x) }
    return norm(x)
  }
}
