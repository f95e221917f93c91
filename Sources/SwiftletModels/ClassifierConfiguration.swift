import Foundation
import SwiftletCheckpoint
import SwiftletPlans
import SwiftletTensor

/// The shape of an image classifier of any family.
public enum ClassifierConfiguration: Hashable, Sendable {
  case deit(DeiTConfiguration)
  case swin(SwinConfiguration)

  /// The shape of a network; nil of a family that is none of ours.
  public init?(of model: any ImageClassifier) {
    switch model.configuration {
    case let configuration as DeiTConfiguration: self = .deit(configuration)
    case let configuration as SwinConfiguration: self = .swin(configuration)
    default: return nil
    }
  }

  /// What all families have in common.
  public var common: any ImageClassifierConfiguration {
    switch self {
    case .deit(let configuration): configuration
    case .swin(let configuration): configuration
    }
  }

  public var imageSize: ImageSize { common.imageSize }
  public var channels: Int { common.channels }
  public var classes: Int { common.classes }
  public var multiplyAdds: MultiplyAdds { common.multiplyAdds }

  /// The same network without drop path, which changes training only.
  public var withoutDropPath: ClassifierConfiguration {
    switch self {
    case .deit(var configuration):
      configuration.dropPath = 0
      return .deit(configuration)
    case .swin(var configuration):
      configuration.dropPath = 0
      return .swin(configuration)
    }
  }

  /// The same network with a head for so many classes; none gives features.
  public func with(classes: Int) -> ClassifierConfiguration {
    switch self {
    case .deit(var configuration):
      configuration.classes = classes
      return .deit(configuration)
    case .swin(var configuration):
      configuration.classes = classes
      return .swin(configuration)
    }
  }

  /// A network of this shape with random weights.
  public func network(using generator: Generator) throws(ConfigurationError) -> any ImageClassifier {
    switch self {
    case .deit(let configuration): try VisionTransformer(configuration, using: generator)
    case .swin(let configuration): try SwinTransformer(configuration, using: generator)
    }
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
    switch self {
    case .deit(let configuration):
      try VisionTransformer(configuration, weights, from: source, trainedAt: trainedSize)
    case .swin(let configuration): try SwinTransformer(configuration, weights, from: source)
    }
  }
}

extension ClassifierConfiguration: CustomStringConvertible {
  public var description: String { "\(common)" }
}
