import SwiftletCheckpoint
import SwiftletTensor

extension SwinConfiguration {
  public static let family = "swin"
  public static var sizes: KeyValuePairs<String, Self> { ["tiny": .tiny, "small": .small, "base": .base] }
  public static var sizeKeys: [CodingKeys] { [.width, .depths, .heads] }

  public var assumptions: [(key: CodingKeys, words: String)] {
    [(.activation, "activation \(activation.rawValue)"), (.normEpsilon, "norm epsilon \(normEpsilon)")]
  }

  public func network(using generator: Generator) throws(ConfigurationError) -> any ImageClassifier {
    try SwinTransformer(self, using: generator)
  }

  public func network(
    _ weights: StateDictionary, from source: String, trainedAt trainedSize: ImageSize?
  ) throws -> any ImageClassifier {
    try SwinTransformer(self, weights, from: source)
  }
}
