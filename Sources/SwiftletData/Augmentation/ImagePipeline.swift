import SwiftletMedia

/// From a stored picture to a network's input: steps on the picture, then normalisation.
public struct ImagePipeline: Hashable, Sendable {
  public var steps: [ImageTransform]
  public var normalization: Normalization

  public init(_ steps: [ImageTransform], normalization: Normalization) {
    (self.steps, self.normalization) = (steps, normalization)
  }
}
