import SwiftletCheckpoint
import SwiftletTensor

extension DeiTConfiguration {
  public static let family = "deit"
  public static var sizes: KeyValuePairs<String, Self> { ["tiny": .tiny, "small": .small, "base": .base] }
  public static var sizeKeys: [CodingKeys] { [.width, .depth, .heads] }

  public var assumptions: [(key: CodingKeys, words: String)] {
    [
      (.pooling, "pooling \(pooling.rawValue)"), (.activation, "activation \(activation.rawValue)"),
      (.heads, "\(heads) heads"), (.normEpsilon, "norm epsilon \(normEpsilon)"),
    ]
  }

  public func network(using generator: Generator) throws(ConfigurationError) -> any ImageClassifier {
    try VisionTransformer(self, using: generator)
  }

  public func network(
    _ weights: StateDictionary, from source: String, trainedAt trainedSize: ImageSize?
  ) throws -> any ImageClassifier {
    try VisionTransformer(self, weights, from: source, trainedAt: trainedSize)
  }
}
