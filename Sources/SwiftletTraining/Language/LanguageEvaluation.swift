import SwiftletLanguage
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
  /// - Throws: ``LanguageTextError`` where text and networks do not fit, or scores are no numbers.
  public init(
    of model: LlamaModel, against reference: LlamaModel? = nil, on text: LanguageText, device: Device = .cpu,
    progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }
  ) throws {
    reference?.evaluate()
    try self.init(
      of: model, against: reference.map { reference in (reference, { _, ids in reference.features(ids) }) }, on: text,
      device: device, progress: progress)
  }

  /// The text is the reference's.
  ///
  /// - Throws: as ``init(of:against:on:device:progress:)`` does.
  public init(
    of model: LlamaModel, against reference: LanguageReference,
    progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }
  ) throws {
    try self.init(
      of: model, against: (reference.model, { batch, _ in reference.features[batch] }), on: reference.text,
      device: .cpu, progress: progress)
  }

  /// A network, and what it makes of the ids of a batch.
  private typealias Reference = (model: LlamaModel, features: (_ batch: Int, _ ids: Tensor) -> Tensor)

  private init(
    of model: LlamaModel, against reference: Reference?, on text: LanguageText, device: Device,
    progress: (_ done: Int, _ targets: Int) throws -> Void
  ) throws {
    let vocabulary = model.configuration.vocabulary
    if let other = reference?.model.configuration.vocabulary, other != vocabulary {
      throw LanguageTextError.otherVocabulary(vocabulary, other)
    }
    try text.check(vocabulary: vocabulary)
    model.evaluate()
    var tally = Tally()
    let targets = text.targets
    for (number, batch) in text.batches.enumerated() {
      let ids = text.ids(batch, device: device)
      try withNoGradient {
        tally.add(ids, model, reference.map { ($0.model, $0.features(number, ids.read)) })
        guard tally.nats.isFinite, tally.referenceNats.isFinite, tally.divergence.isFinite else {
          throw LanguageTextError.notFinite(stretch: batch.lowerBound)
        }
      }
      try progress(tally.targets, targets)
    }
    guard tally.targets > 0 else { throw LanguageTextError.noText }
    score = LanguageScore(nats: tally.nats, targets: tally.targets, bytes: text.bytes)
    self.reference = reference.map { _ in
      LanguageScore(nats: tally.referenceNats, targets: tally.targets, bytes: text.bytes)
    }
    divergence = reference.map { _ in LanguageDivergence(tally.divergences, agreeing: tally.agreeing) }
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
      _ ids: (read: Tensor, wanted: Tensor), _ model: LlamaModel, _ reference: (model: LlamaModel, features: Tensor)?
    ) {
      let wanted = ids.wanted.reshaped([-1])
      let features = model.features(ids.read).reshaped([wanted.count, model.configuration.width])
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
        if let reference {
          let width = reference.model.configuration.width
          let other = forecasts(reference.model, reference.features.reshaped([wanted.count, width]))
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
