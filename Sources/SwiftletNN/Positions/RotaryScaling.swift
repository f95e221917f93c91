import Foundation

/// How rotary frequencies are changed so that a network reaches further than it was trained for.
public enum RotaryScaling: Hashable, Sendable {
  case none
  /// All frequencies divided by `factor`. Source: Chen et al., "Extending Context Window of Large Language Models via
  /// Position Interpolation" (2023), equation 4.
  case linear(factor: Double)
  /// A base that grows with the sequence once that is longer than `trainedPositions`, as transformers' `dynamic`.
  case dynamic(factor: Double, trainedPositions: Int)
  /// Long waves divided by `factor`, short ones left, a line between. Source: "The Llama 3 Herd of Models" (2024), the code
  /// of Llama 3.1.
  case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, trainedPositions: Int)
  case yarn(YaRN)

  /// Long waves divided by `factor`, short ones left, a ramp over the pairs between, and all scores scaled.
  ///
  /// Source: Peng et al., "YaRN: Efficient Context Window Extension of Large Language Models" (2023), section 3.
  public struct YaRN: Hashable, Sendable {
    public var factor: Double
    public var trainedPositions: Int
    /// Turns within the trained positions above which a pair stays as it is, and below which it is divided.
    public var fastTurns = 32.0
    public var slowTurns = 1.0
    /// What cosines and sines are multiplied by, so that scores are scaled by its square.
    public var attentionFactor: Double
    /// Whether the ends of the ramp are whole pairs.
    public var truncates = true

    /// - Parameter attentionFactor: `0.1 ln(factor) + 1` when nil, as the paper has it.
    public init(factor: Double, trainedPositions: Int, attentionFactor: Double? = nil) {
      (self.factor, self.trainedPositions) = (factor, trainedPositions)
      self.attentionFactor = attentionFactor ?? Self.attentionFactor(of: factor)
    }

    /// `0.1 scale ln(factor) + 1`; 1 where nothing is stretched.
    public static func attentionFactor(of factor: Double, scale: Double = 1) -> Double {
      factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
    }
  }
}
