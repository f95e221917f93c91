import SwiftletCheckpoint
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

/// A network that gives class scores `[batch, classes]` for images `[batch, channels, height, width]`.
public protocol ImageClassifier: Layer, CompressibleModel {
  associatedtype Configuration: ImageClassifierConfiguration
  var configuration: Configuration { get }
  /// The modules that make scores of features, by path: those that other classes need anew.
  var headPaths: [String] { get }
}

/// What tells one image classifier of a family from another. Families stand in ``ModelFamily/all``.
public protocol ImageClassifierConfiguration: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The keys of a configuration in a file.
  associatedtype CodingKeys: CodingKey & CaseIterable

  /// The family's word in a file.
  static var family: String { get }
  /// Those that have a name, and the keys that tell them apart.
  static var sizes: KeyValuePairs<String, Self> { get }
  static var sizeKeys: [CodingKeys] { get }

  /// The usual one.
  init()

  var imageSize: ImageSize { get }
  var channels: Int { get }
  /// With 0 there is no head, and the network gives what its head would read.
  var classes: Int { get set }
  /// The last block's drop-path rate, which changes training only.
  var dropPath: Double { get set }
  /// The work for one image, with the layers that compression may change as its slots.
  var multiplyAdds: MultiplyAdds { get }
  /// What no weights show, in words, so that it may be wrong without anyone noticing.
  var assumptions: [(key: CodingKeys, words: String)] { get }

  /// A network of this shape with random weights.
  func network(using generator: Generator) throws(ConfigurationError) -> any ImageClassifier
  /// A network of this shape with weights under timm's or Hugging Face's names.
  ///
  /// - Parameters:
  ///   - source: what messages call the weights.
  ///   - trainedSize: the image size that positions were learned for, where it may be no square.
  func network(
    _ weights: StateDictionary, from source: String, trainedAt trainedSize: ImageSize?
  ) throws -> any ImageClassifier
}

extension ImageClassifier {
  /// As timm calls them.
  public var headPaths: [String] { ["head", "head_dist"] }

  /// `[channels, height, width]`: the shape of one image.
  public var inputShape: [Int] {
    [configuration.channels, configuration.imageSize.height, configuration.imageSize.width]
  }
  public var classes: Int { configuration.classes }
  /// The work for one image, with the layers that compression may change as its slots.
  public var multiplyAdds: MultiplyAdds { configuration.multiplyAdds }
  public var slots: [Slot] { configuration.multiplyAdds.slots }
}
