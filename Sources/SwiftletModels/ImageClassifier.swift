import SwiftletNN
import SwiftletPlans

/// A network that gives class scores `[batch, classes]` for images `[batch, channels, height, width]`.
public protocol ImageClassifier: Layer, CompressibleModel {
  associatedtype Configuration: ImageClassifierConfiguration
  var configuration: Configuration { get }
  /// The modules that make scores of features, by path: those that other classes need anew.
  var headPaths: [String] { get }
}

/// What tells one image classifier of a family from another.
public protocol ImageClassifierConfiguration: Hashable, Sendable, Codable, CustomStringConvertible {
  var imageSize: ImageSize { get }
  var channels: Int { get }
  var classes: Int { get }
  /// The work for one image, with the layers that compression may change as its slots.
  var multiplyAdds: MultiplyAdds { get }
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
