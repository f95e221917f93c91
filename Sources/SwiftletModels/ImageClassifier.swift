import SwiftletNN

/// A network that gives class scores `[batch, classes]` for square images `[batch, channels, side, side]`.
public protocol ImageClassifier: Layer {
  associatedtype Configuration: ImageClassifierConfiguration
  var configuration: Configuration { get }
}

/// What tells one image classifier of a family from another.
public protocol ImageClassifierConfiguration: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Pixels of a side of the square images.
  var imageSize: Int { get }
  var channels: Int { get }
  var classes: Int { get }
  /// The work for one image, with the layers that compression may change as its slots.
  var multiplyAdds: MultiplyAdds { get }
}

extension ImageClassifier {
  /// `[channels, side, side]`: the shape of one image.
  public var inputShape: [Int] { [configuration.channels, configuration.imageSize, configuration.imageSize] }
  public var classes: Int { configuration.classes }
  /// The work for one image, with the layers that compression may change as its slots.
  public var multiplyAdds: MultiplyAdds { configuration.multiplyAdds }
}
