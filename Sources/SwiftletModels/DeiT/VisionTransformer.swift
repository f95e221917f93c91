import SwiftletNN
import SwiftletTensor

/// A vision transformer: an encoder over image patches, and a linear head on its class token, on the mean of its patches
/// or on both.
///
/// Parameter paths are timm's. With a distillation head, inference takes the mean of both heads' scores.
/// Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words" (2021), section 3.1; Touvron et al., "Training
/// Data-Efficient Image Transformers" (2021), section 4.
public final class VisionTransformer: ImageClassifier {
  public let configuration: DeiTConfiguration
  @Parameter public var classToken: Tensor?
  @Parameter public var registerTokens: Tensor?
  @Parameter public var positionEmbedding: Tensor
  @Parameter public var distillationToken: Tensor?
  @Child public var patchEmbedding: PatchEmbedding
  @Child public var blocks: [TransformerBlock]
  /// On every token; in its place there may be ``pooledNorm``.
  @Child public var norm: LayerNorm?
  @Child public var pooledNorm: LayerNorm?
  @Child public var head: any Layer
  @Child public var distillationHead: (any Layer)?

  public static let pathNames = [
    "classToken": "cls_token", "registerTokens": "reg_token", "positionEmbedding": "pos_embed",
    "distillationToken": "dist_token", "patchEmbedding": "patch_embed", "pooledNorm": "fc_norm",
    "distillationHead": "head_dist",
  ]

  /// A network with random weights: linear weights, tokens and positions from `N(0, 0.02²)`, linear biases 0.
  public init(_ configuration: DeiTConfiguration, using generator: Generator) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    let width = configuration.width
    let start = Initialization.truncatedNormal(standardDeviation: 0.02)
    let hasHead = configuration.distillation == .head
    classToken = configuration.classToken ? start.parameter([1, 1, width], using: generator) : nil
    registerTokens =
      configuration.registerTokens > 0
      ? start.parameter([1, configuration.registerTokens, width], using: generator) : nil
    positionEmbedding = start.parameter(
      [1, configuration.placedPrefixTokens + configuration.patches, width], using: generator)
    distillationToken =
      configuration.distillation == .none ? nil : start.parameter([1, 1, width], using: generator)
    patchEmbedding = PatchEmbedding(
      patchSize: configuration.patchSize, channels: configuration.channels, width: width, using: generator)
    blocks = configuration.dropPathRates.map { rate in
      TransformerBlock(
        width: width, heads: configuration.heads, hidden: configuration.hidden, activation: configuration.activation,
        qkvBias: configuration.qkvBias, layerScale: configuration.layerScale, dropPath: rate,
        epsilon: configuration.normEpsilon, using: generator)
    }
    let pooled = configuration.pooledWidth
    norm = configuration.finalNorm == .tokens ? LayerNorm(width: width, epsilon: configuration.normEpsilon) : nil
    pooledNorm =
      configuration.finalNorm == .pooled ? LayerNorm(width: pooled, epsilon: configuration.normEpsilon) : nil
    func head() -> any Layer {
      configuration.classes > 0
        ? Linear(inputs: pooled, outputs: configuration.classes, using: generator) : Identity()
    }
    self.head = head()
    distillationHead = hasHead ? head() : nil
    for (_, linear) in linearLayers() {
      linear.weight = start.parameter(linear.weight.shape, using: generator)
      if let bias = linear.bias { linear.bias = .parameterOfZeros(bias.shape) }
    }
  }

  private init(sharing other: VisionTransformer) {
    configuration = other.configuration
    classToken = other.classToken
    registerTokens = other.registerTokens
    positionEmbedding = other.positionEmbedding
    distillationToken = other.distillationToken
    patchEmbedding = other.patchEmbedding
    blocks = other.blocks
    norm = other.norm
    pooledNorm = other.pooledNorm
    head = other.head
    distillationHead = other.distillationHead
  }

  public func shallowCopy() -> VisionTransformer { VisionTransformer(sharing: self) }

  /// Class scores `[batch, classes]` of `images`, `[batch, channels, height, width]`.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    let (classScores, distillationScores) = scores(images)
    guard let distillationScores else { return classScores }
    return (classScores + distillationScores) / 2
  }

  /// The scores of both heads, for training with a teacher: `[batch, classes]` each.
  public func scores(_ images: Tensor) -> (classToken: Tensor, distillationToken: Tensor?) {
    let x = features(images)
    let pooled = pooled(x)
    return (head(pooledNorm?(pooled) ?? pooled), distillationHead.map { $0(x.select(along: 1, at: 1)) })
  }

  /// `[batch, pooledWidth]`: what the pooling makes of all tokens.
  private func pooled(_ x: Tensor) -> Tensor {
    func mean() -> Tensor {
      x.narrowed(along: 1, from: configuration.prefixTokens, count: configuration.patches).mean(along: [1])
    }
    return switch configuration.pooling {
    case .classToken: x.select(along: 1, at: 0)
    case .mean: mean()
    case .classTokenAndMean: .concatenated([x.select(along: 1, at: 0), mean()], along: 1)
    }
  }

  /// The tokens after the last block and the norm on tokens, `[batch, tokens, width]`: class, distillation and register
  /// tokens, as far as there are any, then patches.
  public func features(_ images: Tensor) -> Tensor {
    if Array(images.shape.dropFirst()) != inputShape {
      reportFailure(
        "VisionTransformer", "images have shape \(images.shape), the configuration expects [batch] + \(inputShape)")
    }
    var x = patchEmbedding(images)
    let isPlacedAlone = configuration.positions == .patches
    if isPlacedAlone { x = x + positionEmbedding }
    let prefix = [classToken, distillationToken, registerTokens].compactMap { tokens in
      tokens.map { $0.expanded([x.shape[0], $0.shape[1], configuration.width]) }
    }
    if !prefix.isEmpty { x = .concatenated(prefix + [x], along: 1) }
    if !isPlacedAlone { x = x + positionEmbedding }
    for block in blocks { x = block(x) }
    return norm?(x) ?? x
  }
}
