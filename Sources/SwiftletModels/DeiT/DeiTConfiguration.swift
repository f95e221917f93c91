import SwiftletFiles
import SwiftletNN

/// The shape of a vision transformer.
///
/// The defaults are those of DeiT; other settings give DeiT-III, DINOv2 and timm's further plain vision transformers.
/// Source: Touvron et al., "Training Data-Efficient Image Transformers" (2021), table 1; "DeiT III" (2022), section 3;
/// Oquab et al., "DINOv2" (2023), section 4; Darcet et al., "Vision Transformers Need Registers" (2023).
public struct DeiTConfiguration: ImageClassifierConfiguration {
  public var imageSize: ImageSize = 224
  /// Pixels of a side of a patch.
  public var patchSize = 16
  public var channels = 3
  public var width = 384
  /// Transformer blocks.
  public var depth = 12
  public var heads = 6
  /// Width of an MLP's hidden layer over `width`.
  public var mlpRatio = 4.0
  /// Between an MLP's two layers.
  public var activation = Activation.gelu
  /// With 0 there is no head, and the network gives what its head would read.
  public var classes = 1000
  /// Whether a learned token stands in front of the patches.
  public var classToken = true
  public var distillation = Distillation.none
  /// Learned tokens between the class token and the patches that nothing reads.
  public var registerTokens = 0
  public var positions = Positions.allTokens
  public var pooling = Pooling.classToken
  public var finalNorm = FinalNorm.tokens
  /// What the factors start from that scale each channel of both branches of a block; nil is no such factors.
  public var layerScale: Double?
  /// The last block's drop-path rate; the first's is 0, the others lie on a line between.
  public var dropPath = 0.0
  public var qkvBias = true
  public var normEpsilon = 1e-6

  /// How a model learns from a teacher's labels.
  public enum Distillation: String, FileWord, Hashable, Sendable, CaseIterable {
    /// No distillation token.
    case none
    /// A token without a head of its own, as Hugging Face's `DeiTForImageClassification` has it.
    case token
    /// A token with a head; inference takes the mean of both heads' scores.
    case head
  }

  /// Which tokens have learned positions.
  public enum Positions: String, FileWord, Hashable, Sendable, CaseIterable {
    case allTokens
    /// The patches only: timm's `no_embed_class`, as DeiT-III has it.
    case patches
  }

  /// What the head reads.
  public enum Pooling: String, FileWord, Hashable, Sendable, CaseIterable {
    case classToken
    /// The mean of the patches.
    case mean
    /// The class token and the mean of the patches, side by side: `Dinov2ForImageClassification`.
    case classTokenAndMean
  }

  /// Where the last norm stands.
  public enum FinalNorm: String, FileWord, Hashable, Sendable, CaseIterable {
    /// On every token, in front of the pooling; timm's `norm`.
    case tokens
    /// On what has been pooled; timm's `fc_norm`.
    case pooled
  }

  /// The keys of a configuration in a file.
  public enum CodingKeys: String, CodingKey, CaseIterable {
    case imageSize, patchSize, channels, width, depth, heads, mlpRatio, activation, classes, classToken, distillation
    case registerTokens, positions, pooling, finalNorm, layerScale, dropPath, qkvBias, normEpsilon
  }

  public init() {}

  /// DeiT-Ti: 5.7 M parameters.
  public static var tiny: DeiTConfiguration { sized(width: 192, heads: 3) }
  /// DeiT-S: 22 M parameters.
  public static var small: DeiTConfiguration { sized(width: 384, heads: 6) }
  /// DeiT-B: 86 M parameters.
  public static var base: DeiTConfiguration { sized(width: 768, heads: 12) }

  private static func sized(width: Int, heads: Int) -> DeiTConfiguration {
    var configuration = DeiTConfiguration()
    configuration.width = width
    configuration.heads = heads
    return configuration
  }

  /// The patches of an image.
  public var grid: PatchGrid { imageSize.grid(of: patchSize) }
  public var patches: Int { grid.count }
  /// Class, distillation and register tokens, in front of the patches.
  public var prefixTokens: Int { (classToken ? 1 : 0) + (distillation == .none ? 0 : 1) + registerTokens }
  /// The prefix tokens that have a position.
  public var placedPrefixTokens: Int { positions == .allTokens ? prefixTokens : 0 }
  /// The sequence length in the blocks.
  public var tokens: Int { prefixTokens + patches }
  /// The width of an MLP's hidden layer.
  public var hidden: Int { Int((Double(width) * mlpRatio).rounded()) }
  /// The width of what the head reads.
  public var pooledWidth: Int { pooling == .classTokenAndMean ? 2 * width : width }

  /// The drop-path rate of each block.
  public var dropPathRates: [Double] {
    (0..<depth).map { depth == 1 ? dropPath : dropPath * Double($0) / Double(depth - 1) }
  }
}

extension DeiTConfiguration: CustomStringConvertible {
  public var description: String {
    "DeiT \(imageSize) px, patches of \(patchSize), width \(width), depth \(depth), \(heads) heads"
  }
}
