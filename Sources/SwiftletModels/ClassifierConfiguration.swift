import Foundation
import SwiftletTensor

/// The shape of an image classifier of any family.
public enum ClassifierConfiguration: Hashable, Sendable {
  case deit(DeiTConfiguration)
  case swin(SwinConfiguration)

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
    switch self {
    case .deit(let configuration): try VisionTransformer(configuration, weightsAt: url, trainedAt: trainedSize)
    case .swin(let configuration): try SwinTransformer(configuration, weightsAt: url)
    }
  }
}

extension ClassifierConfiguration: CustomStringConvertible {
  public var description: String { "\(common)" }
}
