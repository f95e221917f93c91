import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// A language model on a text, alone or beside a reference whose forecasts it should keep.
///
/// ```swift
/// let evaluation = try LanguageEvaluation(of: compressed, against: dense, on: .windows(of: ids, window: 2048))
/// print(evaluation.score.perplexity, evaluation.divergence?.mean ?? 0)
/// ```
/// Nothing is cached: each stretch goes through the network once, whole.
public struct LanguageEvaluation: Sendable {
  public let score: LanguageScore
  /// The reference's score, and how far the model is from it.
  public let reference: LanguageScore?
  public let divergence: LanguageDivergence?

  /// - Parameters:
  ///   - progress: told after each batch how many tokens of all are done.
  /// - Throws: ``LanguageError`` where text and networks do not fit, or scores are no numbers.
  public init(
    of model: LlamaModel, against reference: LlamaModel? = nil, on text: LanguageText, device: Device = .cpu,
    progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }
  ) throws {
    let vocabulary = model.configuration.vocabulary
    if let other = reference?.configuration.vocabulary, other != vocabulary {
      throw LanguageError.otherVocabulary(vocabulary, other)
    }
    for stretch in text.stretches {
      if let stranger = stretch.first(where: { !(0..<vocabulary).contains($0) }) {
        throw LanguageError.unknownToken(stranger, vocabulary: vocabulary)
      }
    }
    model.evaluate()
    reference?.evaluate()
    var tally = Tally()
    let targets = text.targets
    for batch in Self.batches(of: text.stretches) {
      let stretches = text.stretches[batch]
      try withNoGradient {
        try tally.add(Array(stretches), model, reference, device)
        guard tally.nats.isFinite, tally.referenceNats.isFinite, tally.divergence.isFinite else {
          throw LanguageError.notFinite(stretch: batch.lowerBound)
        }
      }
      try progress(tally.targets, targets)
    }
    guard tally.targets > 0 else { throw LanguageError.noText }
    score = LanguageScore(nats: tally.nats, targets: tally.targets, bytes: text.bytes)
    self.reference = reference.map { _ in
      LanguageScore(nats: tally.referenceNats, targets: tally.targets, bytes: text.bytes)
    }
    divergence = reference.map { _ in LanguageDivergence(tally.divergences, agreeing: tally.agreeing) }
  }

  /// Neighbours of one length, together up to 4,096 tokens.
  private static func batches(of stretches: [[Int]]) -> [Range<Int>] {
    var (batches, start) = ([Range<Int>](), 0)
    while start < stretches.count {
      let length = stretches[start].count
      let most = max(1, 4096 / length)
      let end = stretches[start...].prefix(most).prefix { $0.count == length }.endIndex
      batches.append(start..<end)
      start = end
    }
    return batches
  }

  /// Sums over tokens, in double precision.
  private struct Tally {
    var (targets, agreeing) = (0, 0)
    var (nats, referenceNats) = (0.0, 0.0)
    /// Of each token, and all of them together, which is no number where one of them is none.
    var divergences: [Float] = []
    var divergence = 0.0

    /// Scores of a part of the tokens at a time: those of all can take gigabytes.
    private static let scoresAtATime = 1 << 24

    mutating func add(
      _ stretches: [[Int]], _ model: LlamaModel, _ reference: LlamaModel?, _ device: Device
    ) throws {
      let length = stretches[0].count - 1
      let inputs = Tensor(
        stretches.flatMap { $0.dropLast().map(Int64.init) }, shape: [stretches.count, length], device: device)
      let wanted = Tensor(
        stretches.flatMap { $0.dropFirst().map(Int64.init) }, shape: [stretches.count * length], device: device)
      func rows(_ model: LlamaModel) -> Tensor {
        model.features(inputs).reshaped([stretches.count * length, model.configuration.width])
      }
      let (features, others) = (rows(model), reference.map(rows))
      let most = max(1, Self.scoresAtATime / model.configuration.vocabulary)
      for start in stride(from: 0, to: wanted.count, by: most) {
        let count = min(most, wanted.count - start)
        func forecasts(_ model: LlamaModel, _ features: Tensor) -> Tensor {
          model.scores(of: features.narrowed(along: 0, from: start, count: count)).cast(to: .float32)
            .logSoftmax(along: 1)
        }
        let targets = wanted.narrowed(along: 0, from: start, count: count).unsqueezed(1)
        func cost(_ forecasts: Tensor) -> Double {
          -forecasts.gather(along: 1, targets).cast(to: .float64).sum().item()
        }
        let own = forecasts(model, features)
        nats += cost(own)
        if let reference, let others {
          let other = forecasts(reference, others)
          referenceNats += cost(other)
          let found = (other.exp() * (other - own)).sum(along: [1]).clamp(min: 0).scalars(as: Float.self)
          divergences += found
          divergence += found.reduce(0) { $0 + Double($1) }
          agreeing += Int(own.argmax(along: 1).equal(to: other.argmax(along: 1)).sum().item())
        }
        self.targets += count
      }
    }
  }
}
