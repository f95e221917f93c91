import Foundation
import SwiftletCheckpoint
import SwiftletPlans
import SwiftletTensor

/// The shape of an image classifier of any family.
public struct ClassifierConfiguration: Hashable, Sendable {
  /// That of the family.
  public private(set) var common: any ImageClassifierConfiguration

  public init(_ configuration: some ImageClassifierConfiguration) { common = configuration }

  public static func deit(_ configuration: DeiTConfiguration) -> ClassifierConfiguration { Self(configuration) }
  public static func swin(_ configuration: SwinConfiguration) -> ClassifierConfiguration { Self(configuration) }

  /// The shape of a network.
  public init(of model: any ImageClassifier) { common = model.configuration }

  public static func == (one: Self, other: Self) -> Bool {
    func isEqual<Configuration: ImageClassifierConfiguration>(_ configuration: Configuration) -> Bool {
      configuration == other.common as? Configuration
    }
    return isEqual(one.common)
  }

  public func hash(into hasher: inout Hasher) { common.hash(into: &hasher) }

  public var family: ModelFamily { ModelFamily(of: type(of: common)) }
  public var imageSize: ImageSize { common.imageSize }
  public var channels: Int { common.channels }
  public var classes: Int { common.classes }
  public var multiplyAdds: MultiplyAdds { common.multiplyAdds }

  /// The same network without drop path, which changes training only.
  public var withoutDropPath: ClassifierConfiguration {
    var changed = self
    changed.common.dropPath = 0
    return changed
  }

  /// The same network with a head for so many classes; none gives features.
  public func with(classes: Int) -> ClassifierConfiguration {
    var changed = self
    changed.common.classes = classes
    return changed
  }

  /// A network of this shape with random weights.
  public func network(using generator: Generator) throws(ConfigurationError) -> any ImageClassifier {
    try common.network(using: generator)
  }

  /// A network of this shape with the weights of the file at `url`, under timm's or Hugging Face's names.
  ///
  /// - Parameter trainedSize: the image size that a vision transformer's positions were learned for, where they may be no
  ///   square.
  public func network(weightsAt url: URL, trainedAt trainedSize: ImageSize? = nil) throws -> any ImageClassifier {
    try network(Checkpoint.read(from: url), from: url.lastPathComponent, trainedAt: trainedSize)
  }

  /// The same with weights that have been read; `source` is what messages call them.
  public func network(
    _ weights: StateDictionary, from source: String, trainedAt trainedSize: ImageSize? = nil
  ) throws -> any ImageClassifier {
    try common.network(weights, from: source, trainedAt: trainedSize)
  }
}

extension ClassifierConfiguration: CustomStringConvertible {
  public var description: String { "\(common)" }
}
