/// How the next token is chosen from the scores of all.
///
/// What is asked for happens in this order, which is that of transformers where both have it:
/// 1. ``biases`` are added to scores,
/// 2. ``repetitionPenalty`` makes scores of tokens that were there smaller,
/// 3. scores are divided by the ``temperature``,
/// 4. ``topK``, then ``topP`` of what that leaves, then ``minP`` rule tokens out,
/// 5. one of the others is drawn, by the ``seed``.
public struct SamplingOptions: Hashable, Sendable {
  /// 0 takes the token of the highest score, of equals the first; 1 draws as the model forecasts.
  public var temperature: Double
  /// So many tokens of the highest scores stay, and those with the same score as the last of them.
  public var topK: Int?
  /// The fewest tokens stay whose probabilities add up to this, of equals the first; more than 0, at most 1.
  public var topP: Double?
  /// Tokens stay whose probability is at least this share of the highest, from 0 to 1.
  public var minP: Double?
  public var repetitionPenalty: RepetitionPenalty?
  /// What is added to the scores of some tokens; minus infinity rules a token out.
  public var biases: [Int: Float]
  /// The same seed draws the same tokens; nil is another one each time.
  public var seed: UInt64?

  /// The tokens that were there become less likely: a score above 0 is divided by the factor, one below is multiplied.
  ///
  /// Source: Keskar et al., "CTRL" (2019), section 4.1.
  public struct RepetitionPenalty: Hashable, Sendable {
    /// More than 0; 1 changes nothing.
    public var factor: Double
    /// So many of the newest tokens count, the prompt's among them; nil is all.
    public var window: Int?

    public init(_ factor: Double, window: Int? = nil) { (self.factor, self.window) = (factor, window) }
  }

  public init(
    temperature: Double = 0, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    repetitionPenalty: RepetitionPenalty? = nil, biases: [Int: Float] = [:], seed: UInt64? = nil
  ) {
    (self.temperature, self.topK, self.topP, self.minP) = (temperature, topK, topP, minP)
    (self.repetitionPenalty, self.biases, self.seed) = (repetitionPenalty, biases, seed)
  }

  /// - Parameter vocabulary: how many tokens have scores.
  /// - Throws: ``LanguageError/option(_:value:takes:)``.
  func check(vocabulary: Int) throws(LanguageError) {
    guard temperature >= 0, temperature.isFinite else {
      throw .option("the temperature", value: "\(temperature)", takes: "numbers from 0 on")
    }
    if let topK, topK < 1 { throw .option("top-k", value: "\(topK)", takes: "whole numbers from 1 on") }
    if let topP, !(topP > 0 && topP <= 1) {
      throw .option("top-p", value: "\(topP)", takes: "numbers above 0, up to 1")
    }
    if let minP, !(0...1).contains(minP) { throw .option("min-p", value: "\(minP)", takes: "numbers from 0 to 1") }
    if let penalty = repetitionPenalty {
      guard penalty.factor > 0, penalty.factor.isFinite else {
        throw .option("the repetition penalty", value: "\(penalty.factor)", takes: "numbers above 0")
      }
      if let window = penalty.window, window < 1 {
        throw .option("the repetition penalty's window", value: "\(window)", takes: "whole numbers from 1 on")
      }
    }
    for (token, bias) in biases.sorted(by: { $0.key < $1.key }) {
      guard (0..<vocabulary).contains(token) else {
        throw .option("a bias's token", value: "\(token)", takes: "ids from 0 to \(vocabulary - 1)")
      }
      guard bias < .infinity else {
        throw .option("the bias of token \(token)", value: "\(bias)", takes: "numbers, and minus infinity")
      }
    }
  }
}
