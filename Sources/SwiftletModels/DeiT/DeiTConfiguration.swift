import SwiftletFiles
import SwiftletNN

/// The shape of a vision transformer.
///
/// Source: Touvron et al., "Training Data-Efficient Image Transformers" (2021), table 1.
public struct DeiTConfiguration: ImageClassifierConfiguration {
  /// Pixels of a side of the square images.
  public var imageSize = 224
  /// Pixels of a side of a patch.
  public var patchSize = 16
  public var channels = 3
  public var width = 384
  /// Transformer blocks.
  public var depth = 12
  public var heads = 6
  /// Width of an MLP's hidden layer over `width`.
  public var mlpRatio = 4.0
  public var classes = 1000
  public var distillation = Distillation.none
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

  /// The keys of a configuration in a file.
  public enum CodingKeys: String, CodingKey, CaseIterable {
    case imageSize, patchSize, channels, width, depth, heads, mlpRatio, classes, distillation, dropPath, qkvBias
    case normEpsilon
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

  /// Patches along one side of the image.
  public var gridSize: Int { imageSize / patchSize }
  public var patches: Int { gridSize * gridSize }
  /// Class and distillation tokens, in front of the patches.
  public var prefixTokens: Int { distillation == .none ? 1 : 2 }
  /// The sequence length in the blocks.
  public var tokens: Int { prefixTokens + patches }
  /// The width of an MLP's hidden layer.
  public var hidden: Int { Int((Double(width) * mlpRatio).rounded()) }

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
