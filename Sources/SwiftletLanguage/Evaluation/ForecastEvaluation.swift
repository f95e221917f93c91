import SwiftletFiles

/// A language model on a text, alone or beside another whose forecasts it should keep.
///
/// ```swift
/// let evaluation = try ForecastEvaluation(of: small, against: dense, on: .windows(of: ids, window: 2048))
/// print(evaluation.score.perplexity, evaluation.divergence?.mean ?? 0)
/// ```
/// Scores are taken as they come, and reckoned with in double precision.
public struct ForecastEvaluation: Sendable {
  public let score: LanguageScore
  /// The other's score, and how far the model is from it.
  public let reference: LanguageScore?
  public let divergence: LanguageDivergence?

  /// Tokens that are read at a time: so many that their scores take up to 32 MB.
  private static func step(vocabulary: Int) -> Int { max(1, min(256, (1 << 23) / vocabulary)) }

  /// - Parameter progress: told now and then how many tokens of all are done.
  /// - Throws: ``LanguageTextError`` where text and models do not fit, or scores are no numbers; what a model or `progress`
  ///   throws.
  public init(
    of model: any Forecaster, against reference: (any Forecaster)? = nil, on text: LanguageText,
    progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }
  ) throws {
    let vocabulary = model.vocabulary
    if let other = reference?.vocabulary, other != vocabulary {
      throw LanguageTextError.otherVocabulary(vocabulary, other)
    }
    try text.check(vocabulary: vocabulary)
    let context = min(model.contextLength, reference?.contextLength ?? .max)
    let targets = text.targets
    guard targets > 0 else { throw LanguageTextError.noText }
    var tally = Tally(vocabulary: vocabulary)
    for (number, stretch) in text.stretches.enumerated() {
      guard stretch.count - 1 <= context else {
        throw LanguageTextError.beyondContext(window: stretch.count - 1, context: context)
      }
      let read = Array(stretch.dropLast())
      let (own, other) = try (model.reading(read), reference?.reading(read))
      var place = 1
      while place < stretch.count {
        let wanted = stretch[place..<min(place + Self.step(vocabulary: vocabulary), stretch.count)]
        tally.add(wanted, try own(wanted.count), against: try other?(wanted.count))
        guard tally.isFinite else { throw LanguageTextError.notFinite(stretch: number) }
        place = wanted.endIndex
        try progress(tally.targets, targets)
      }
    }
    score = LanguageScore(nats: tally.nats, targets: targets, bytes: text.bytes)
    self.reference = reference.map { _ in LanguageScore(nats: tally.referenceNats, targets: targets, bytes: text.bytes)
    }
    divergence = reference.map { _ in LanguageDivergence(tally.divergences, agreeing: tally.agreeing) }
  }

  /// Sums over tokens.
  private struct Tally {
    let vocabulary: Int
    var targets = 0
    var agreeing = 0
    var nats = 0.0
    var referenceNats = 0.0
    var divergences: [Float] = []

    var isFinite: Bool { nats.isFinite && referenceNats.isFinite && (divergences.last?.isFinite ?? true) }

    mutating func add(_ wanted: ArraySlice<Int>, _ scores: [Float], against other: [Float]?) {
      precondition(
        scores.count == wanted.count * vocabulary && (other.map { $0.count == scores.count } ?? true),
        "ForecastEvaluation: \(scores.count) scores for \(wanted.count) tokens of a vocabulary of \(vocabulary)")
      scores.withUnsafeBufferPointer { scores in
        (other ?? []).withUnsafeBufferPointer { other in
          for (row, token) in wanted.enumerated() where isFinite {
            let place = row * vocabulary..<(row + 1) * vocabulary
            let own = Row(scores[place])
            nats += own.cost(of: token)
            targets += 1
            guard !other.isEmpty else { continue }
            let reference = Row(other[place])
            referenceNats += reference.cost(of: token)
            divergences.append(Float(max(0, reference.divergence(to: own))))
            if own.best == reference.best { agreeing += 1 }
          }
        }
      }
    }
  }

  /// The scores behind one token. What is no number stays none.
  private struct Row {
    let scores: UnsafeBufferPointer<Float>
    let best: Int
    /// The logarithm of the sum of the scores' exponentials.
    let logSum: Double

    init(_ slice: Slice<UnsafeBufferPointer<Float>>) {
      scores = UnsafeBufferPointer(rebasing: slice)
      var (best, highest) = (0, -Float.infinity)
      for token in scores.indices where scores[token] > highest { (best, highest) = (token, scores[token]) }
      var sum = 0.0
      for score in scores { sum += exp(Double(score) - Double(highest)) }
      self.best = best
      logSum = Double(highest) + log(sum)
    }

    func cost(of token: Int) -> Double { logSum - Double(scores[token]) }

    /// How far another row is from this one. Tokens that this one rules out count nothing.
    func divergence(to other: Row) -> Double {
      var sum = 0.0
      for (own, others) in zip(scores, other.scores) where own > -.infinity {
        let logarithm = Double(own) - logSum
        sum += exp(logarithm) * (logarithm - (Double(others) - other.logSum))
      }
      return sum
    }
  }
}
