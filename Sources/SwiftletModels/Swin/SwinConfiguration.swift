import SwiftletFiles
import SwiftletNN

/// The shape of a Swin transformer.
///
/// Source: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows" (2021), section 3.3.
public struct SwinConfiguration: ImageClassifierConfiguration {
  /// A square.
  public var imageSize: ImageSize = 224
  /// Pixels of a side of a patch.
  public var patchSize = 4
  public var channels = 3
  /// The width of the first stage; each later one has twice the width of the one before.
  public var width = 96
  /// Blocks of each stage.
  public var depths = [2, 2, 6, 2]
  /// Heads in each stage.
  public var heads = [3, 6, 12, 24]
  /// Tokens of a side of a window; a stage whose feature map is smaller has one window, the whole map.
  public var windowSize = 7
  /// When a feature map that windows do not tile is filled up; nil is ``WindowPadding/beforeShift``, and
  /// for weights under timm's names an error where it matters.
  public var windowPadding: WindowPadding?
  /// Width of an MLP's hidden layer over its stage's width.
  public var mlpRatio = 4.0
  /// Between an MLP's two layers.
  public var activation = Activation.gelu
  /// With 0 there is no head, and the network gives what its head would read.
  public var classes = 1000
  /// The last block's drop-path rate; the first's is 0, the others lie on a line between.
  public var dropPath = 0.0
  public var qkvBias = true
  public var normEpsilon = 1e-5

  /// When zeros fill up a feature map to whole windows, in a block whose windows are shifted.
  public enum WindowPadding: String, FileWord, Hashable, Sendable, CaseIterable {
    /// As Swin's authors and Hugging Face do.
    case beforeShift
    /// As timm does.
    case afterShift
  }

  /// The keys of a configuration in a file.
  public enum CodingKeys: String, CodingKey, CaseIterable {
    case imageSize, patchSize, channels, width, depths, heads, windowSize, windowPadding, mlpRatio, activation, classes
    case dropPath, qkvBias, normEpsilon
  }

  public init() {}

  /// Swin-T: 28 M parameters.
  public static var tiny: SwinConfiguration { SwinConfiguration() }
  /// Swin-S: 50 M parameters.
  public static var small: SwinConfiguration {
    var configuration = SwinConfiguration()
    configuration.depths = [2, 2, 18, 2]
    return configuration
  }
  /// Swin-B: 88 M parameters.
  public static var base: SwinConfiguration {
    var configuration = SwinConfiguration.small
    configuration.width = 128
    configuration.heads = [4, 8, 16, 32]
    return configuration
  }

  /// Patches along one side of the image.
  public var gridSize: Int { imageSize.height / patchSize }

  /// Blocks of one width on one feature map.
  public struct Stage: Hashable, Sendable {
    /// Tokens of a side of the feature map.
    public let side: Int
    public let width, hidden, depth, heads: Int
    /// Tokens of a side of a window.
    public let window: Int

    /// How far every second block's windows are shifted; windows that are the whole map stay where they are.
    public var shift: Int { side <= window ? 0 : window / 2 }

    /// How a block of the stage cuts its feature map.
    public func windows(ofBlock block: Int, padding: WindowPadding = .beforeShift) -> Windows {
      Windows(side: side, window: window, shift: block.isMultiple(of: 2) ? 0 : shift, padding: padding)
    }
  }

  public var stages: [Stage] {
    var side = gridSize
    return depths.indices.map { index in
      if index > 0 { side = (side + 1) / 2 }
      let width = width << index
      return Stage(
        side: side, width: width, hidden: Int((Double(width) * mlpRatio).rounded()), depth: depths[index],
        heads: heads[index], window: min(windowSize, side))
    }
  }

  /// The drop-path rate of each block, stage after stage.
  public var dropPathRates: [Double] {
    let blocks = depths.reduce(0, +)
    return (0..<blocks).map { blocks == 1 ? dropPath : dropPath * Double($0) / Double(blocks - 1) }
  }
}

extension SwinConfiguration: CustomStringConvertible {
  public var description: String {
    "Swin \(imageSize) px, patches of \(patchSize), windows of \(windowSize), width \(width), depths "
      + depths.map(String.init).joined(separator: " ") + ", heads " + heads.map(String.init).joined(separator: " ")
  }
}
