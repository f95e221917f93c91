import SwiftletFiles

/// Chooses tokens, one after the other.
///
/// ```swift
/// var sampler = try Sampler(SamplingOptions(temperature: 0.8, topP: 0.95, seed: 1), vocabulary: scores.count)
/// let token = try sampler.next(from: scores, after: tokens)
/// ```
/// A copy draws what the original would. No step sorts the vocabulary: each takes time in proportion to it.
public struct Sampler: Sendable {
  public let options: SamplingOptions
  /// The options', or the one that was found in their place: with it all is drawn again.
  public let seed: UInt64
  private let vocabulary: Int
  private var random: RandomStream
  /// By id, what each token weighs in the draw; kept so that a step allocates nothing.
  private var weights: [Double] = []
  private var entries: [HeaviestPart.Entry] = []

  /// - Throws: ``LanguageError/option(_:value:takes:)``.
  public init(_ options: SamplingOptions = SamplingOptions(), vocabulary: Int) throws(LanguageError) {
    try options.check(vocabulary: vocabulary)
    (self.options, self.vocabulary) = (options, vocabulary)
    var system = SystemRandomNumberGenerator()
    seed = options.seed ?? system.next()
    random = RandomStream(seed: seed)
  }

  /// The next token.
  ///
  /// - Parameters:
  ///   - scores: one for each token of the vocabulary.
  ///   - tokens: the text so far, prompt included.
  /// - Throws: ``LanguageError/notFinite(token:)``, ``LanguageError/noCandidate``.
  /// - Precondition: there are as many scores as tokens in the vocabulary.
  public mutating func next(from scores: [Float], after tokens: [Int]) throws(LanguageError) -> Int {
    let scores = changed(scores, after: tokens)
    let best = try Self.best(of: scores)
    guard options.temperature > 0 else { return best }
    let stays = weigh(scores, best: scores[best])
    let total = weights.indices.reduce(0) { stays.contains(weights[$1], $1) ? $0 + weights[$1] : $0 }
    // In the order of ids, so that options which rule nothing out change nothing.
    var (place, last) = (random.uniform() * total, best)
    for (token, weight) in weights.enumerated() where weight > 0 && stays.contains(weight, token) {
      place -= weight
      if place < 0 { return token }
      last = token
    }
    return last
  }

  /// The tokens that may be drawn and how likely each is, the likeliest first.
  ///
  /// Throws and expects what ``next(from:after:)`` does.
  public mutating func candidates(
    from scores: [Float], after tokens: [Int]
  ) throws(LanguageError) -> [(token: Int, probability: Double)] {
    let scores = changed(scores, after: tokens)
    let best = try Self.best(of: scores)
    guard options.temperature > 0 else { return [(best, 1)] }
    let stays = weigh(scores, best: scores[best])
    let chosen = weights.indices.filter { weights[$0] > 0 && stays.contains(weights[$0], $0) }
    let total = chosen.reduce(0) { $0 + weights[$1] }
    return chosen.map { ($0, weights[$0] / total) }.sorted { ($1.probability, $0.token) < ($0.probability, $1.token) }
  }

  // MARK: Steps

  private func changed(_ scores: [Float], after tokens: [Int]) -> [Float] {
    precondition(
      scores.count == vocabulary, "Sampler: \(scores.count) scores for a vocabulary of \(vocabulary) tokens")
    var scores = scores
    for (token, bias) in options.biases { scores[token] += bias }
    if let penalty = options.repetitionPenalty {
      let factor = Float(penalty.factor)
      for token in Set(tokens.suffix(penalty.window ?? .max)) where scores.indices.contains(token) {
        scores[token] = scores[token] < 0 ? scores[token] * factor : scores[token] / factor
      }
    }
    return scores
  }

  /// The token of the highest score, the first of equals.
  private static func best(of scores: [Float]) throws(LanguageError) -> Int {
    var (best, highest) = (0, -Float.infinity)
    for (token, score) in scores.enumerated() {
      // What is not a number is less than nothing.
      guard score < .infinity else { throw .notFinite(token: token) }
      if score > highest { (best, highest) = (token, score) }
    }
    guard highest > -.infinity else { throw .noCandidate }
    return best
  }

  /// Fills the weights, of which the highest is 1, and says which of them stay.
  private mutating func weigh(_ scores: [Float], best: Float) -> HeaviestPart {
    var least = -Float.infinity
    if let topK = options.topK, topK < vocabulary {
      fillEntries { scores[$0] > -.infinity ? Double(scores[$0]) : nil }
      // Those with the same score stay too.
      least = Float(HeaviestPart.of(&entries, reaching: Double(topK)) { _ in 1 }.least)
    }
    if weights.isEmpty { weights = Array(repeating: 0, count: vocabulary) }
    let rate = 1 / options.temperature
    for token in 0..<vocabulary {
      let distance = Double(scores[token]) - Double(best)
      // The highest has no distance, whatever the temperature.
      weights[token] = scores[token] < least ? 0 : distance == 0 ? 1 : exp(distance * rate)
    }
    var part = HeaviestPart.all
    if let topP = options.topP, topP < 1 {
      let weights = weights
      fillEntries { weights[$0] > 0 ? weights[$0] : nil }
      let total = entries.reduce(0) { $0 + $1.key }
      part = HeaviestPart.of(&entries, reaching: topP * total) { $0 }
    }
    if let minP = options.minP, minP > part.least { part = HeaviestPart(least: minP, last: .max) }
    return part
  }

  /// Tokens without a key are left out.
  private mutating func fillEntries(_ key: (Int) -> Double?) {
    entries.removeAll(keepingCapacity: true)
    for token in 0..<vocabulary {
      if let value = key(token) { entries.append(HeaviestPart.Entry(key: value, token: token)) }
    }
  }
}
