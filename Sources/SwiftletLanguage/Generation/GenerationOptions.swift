/// What a model is asked to write, and until when.
public struct GenerationOptions: Hashable, Sendable {
  public var sampling: SamplingOptions
  /// At most so many tokens, 1 or more; nil is until the model ends the text, or its context is full.
  public var maxTokens: Int?
  /// The text ends in front of the first of these. What might begin one is held back until it is known.
  public var stops: [String]
  public var whenFull: WhenFull

  /// What happens when the model has read as many tokens as it can.
  public enum WhenFull: Hashable, Sendable {
    /// A prompt that does not fit, with the tokens that are asked for, is refused before anything is read; where no number is
    /// asked for, the text ends when the context is full.
    case refuse
    /// The first `keeping` tokens stay, and behind them the newer half of the rest is read again. What lay between is forgotten.
    /// A longer prompt is shortened in the same way.
    ///
    /// Source for the first tokens: Xiao et al., "Efficient Streaming Language Models with Attention Sinks" (2024).
    case slide(keeping: Int = 4)
  }

  public init(
    sampling: SamplingOptions = SamplingOptions(), maxTokens: Int? = nil, stops: [String] = [],
    whenFull: WhenFull = .refuse
  ) {
    (self.sampling, self.maxTokens, self.stops, self.whenFull) = (sampling, maxTokens, stops, whenFull)
  }

  /// - Parameter context: how many tokens the model reads.
  /// - Throws: ``LanguageError/option(_:value:takes:)``.
  func check(context: Int) throws(LanguageError) {
    if let maxTokens, maxTokens < 1 {
      throw .option("the number of tokens", value: "\(maxTokens)", takes: "whole numbers from 1 on")
    }
    if stops.contains("") { throw .option("a stop string", value: "empty", takes: "texts of at least one character") }
    if case .slide(let keeping) = whenFull, !(0...max(0, context - 2)).contains(keeping) {
      throw .option(
        "the number of tokens that stay", value: "\(keeping)", takes: "whole numbers from 0 to \(max(0, context - 2))")
    }
  }
}
