import SwiftletNN

/// The shape of a language model of the Llama family: Llama 2 and 3, SmolLM2, Mistral, Qwen2, and relatives without
/// rotations.
///
/// Source: Touvron et al., "LLaMA" (2023), section 2.2; Jiang et al., "Mistral 7B" (2023), section 2; "Qwen2 Technical
/// Report" (2024), section 2.2.
public struct LlamaConfiguration: Hashable, Sendable {
  /// Tokens that are told apart.
  public var vocabulary: Int
  public var width: Int
  /// Of a feed-forward block.
  public var hidden: Int
  /// Blocks.
  public var layers: Int
  /// Heads of queries.
  public var heads: Int
  /// Heads of keys and of values; each serves `heads / keyHeads` neighbouring heads of queries.
  public var keyHeads: Int
  /// Elements of a head; `width / heads` is usual.
  public var headWidth: Int
  /// The longest sequence that the network is for.
  public var context: Int
  public var normEpsilon = 1e-6
  /// Of the feed-forward blocks' gates.
  public var activation = Activation.silu
  public var positions = Positions.rotary(base: 10_000)
  /// How many tokens a query of each layer sees, itself included; nil is all before it.
  public var windows: [Int?]
  public var attentionBias = AttentionBias.none
  public var feedForwardBias = false
  /// Whether the embedding's table scores the tokens too.
  public var tiesEmbeddings = false
  /// The token in front of a text, and those behind its end.
  public var beginningToken: Int?
  public var endTokens: [Int] = []

  /// How a network knows where tokens stand.
  public enum Positions: Hashable, Sendable {
    /// Queries and keys are turned.
    case rotary(base: Double, scaling: RotaryScaling = .none)
    /// Scores fall with the distance, in each head by another slope.
    case linearBiases
    /// By nothing but that later tokens are hidden.
    case none
  }

  /// Which layers of attention have biases.
  public enum AttentionBias: Hashable, Sendable {
    case none
    /// Not the output: Qwen2.
    case queryKeyValue
    case all
  }

  /// - Parameters:
  ///   - keyHeads: as many as `heads` when nil.
  ///   - headWidth: `width / heads` when nil.
  public init(
    vocabulary: Int, width: Int, hidden: Int, layers: Int, heads: Int, keyHeads: Int? = nil, headWidth: Int? = nil,
    context: Int
  ) {
    (self.vocabulary, self.width, self.hidden, self.layers) = (vocabulary, width, hidden, layers)
    (self.heads, self.keyHeads, self.context) = (heads, keyHeads ?? heads, context)
    self.headWidth = headWidth ?? width / max(heads, 1)
    windows = [Int?](repeating: nil, count: max(layers, 0))
  }
}

extension LlamaConfiguration: CustomStringConvertible {
  public var description: String {
    "Llama of width \(width), \(layers) layers, \(heads) heads"
      + (keyHeads == heads ? "" : " on \(keyHeads) of keys") + ", vocabulary \(vocabulary)"
  }
}

extension LlamaConfiguration {
  /// Checks that a network of this shape exists and can be addressed.
  public func validate() throws(ConfigurationError) {
    try check("vocabulary", vocabulary, in: 1...16_777_216)
    try check("width", width, in: 1...65_536)
    try check("hidden", hidden, in: 1...1_048_576)
    try check("layers", layers, in: 1...1024)
    try check("heads", heads, in: 1...4096)
    try check("keyHeads", keyHeads, in: 1...4096)
    try check("headWidth", headWidth, in: 1...65_536)
    try check("context", context, in: 1...16_777_216)
    guard heads.isMultiple(of: keyHeads) else {
      throw ConfigurationError(
        "\(heads) heads cannot share \(keyHeads) heads of keys: choose a number that divides them")
    }
    // Smaller ones are lost in the mean square of a float, larger ones drown what is normalised.
    guard (1e-20...1).contains(normEpsilon) else {
      throw ConfigurationError("normEpsilon \(normEpsilon) is not in 1e-20...1: 1e-5 is usual")
    }
    guard windows.count == layers else {
      throw ConfigurationError("windows are of \(windows.count) layers, the network has \(layers)")
    }
    for case .some(let window) in windows { try check("a window", window, in: 1...Int.max) }
    for case .some(let token) in [beginningToken] + endTokens { try check("a special token", token, in: 0...Int.max) }
    if case .rotary(let base, let scaling) = positions { try checkRotation(base, scaling) }
  }

  private func checkRotation(_ base: Double, _ scaling: RotaryScaling) throws(ConfigurationError) {
    guard base > 1, base <= 1e12 else {
      throw ConfigurationError("the base of rotations is \(base), it must be above 1 and at most 1e12")
    }
    guard headWidth.isMultiple(of: 2) else {
      throw ConfigurationError("a head of \(headWidth) elements has no pairs to turn: headWidth must be even")
    }
    func checkFactor(_ factor: Double) throws(ConfigurationError) {
      guard factor >= 1, factor <= 1e6 else {
        throw ConfigurationError("the factor of the rotations' scaling is \(factor), it must be in 1...1e6")
      }
    }
    switch scaling {
    case .none: break
    case .linear(let factor): try checkFactor(factor)
    case .dynamic(let factor, let trained):
      try checkFactor(factor)
      try check("trainedPositions", trained, in: 1...Int(Int32.max))
      guard headWidth > 2 else { throw ConfigurationError("dynamic scaling needs heads of more than one pair") }
    case .llama3(let factor, let low, let high, let trained):
      try checkFactor(factor)
      try check("trainedPositions", trained, in: 1...Int(Int32.max))
      guard low > 0, high > low, high <= 1e6 else {
        throw ConfigurationError(
          "the frequencies of llama3 scaling are \(low) and \(high): the low one must be above 0, the high one above it"
        )
      }
    case .yarn(let yarn):
      try checkFactor(yarn.factor)
      try check("trainedPositions", yarn.trainedPositions, in: 1...Int(Int32.max))
      guard yarn.slowTurns > 0, yarn.fastTurns >= yarn.slowTurns, yarn.fastTurns <= 1e6 else {
        throw ConfigurationError(
          "yarn's turns are \(yarn.slowTurns) and \(yarn.fastTurns): the slow ones must be above 0, the fast ones no fewer"
        )
      }
      guard yarn.attentionFactor > 0, yarn.attentionFactor <= 1e3 else {
        throw ConfigurationError(
          "yarn's attention factor is \(yarn.attentionFactor), it must be above 0 and at most 1000")
      }
    }
  }
}
