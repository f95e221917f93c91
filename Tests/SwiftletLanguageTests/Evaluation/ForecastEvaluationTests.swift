import LanguageTestSupport
import SwiftletFiles
import SwiftletLanguage
import TestSupport
import Testing

@Suite struct ForecastEvaluationTests {
  /// Scores that depend on all tokens so far.
  private struct Scores: Forecaster {
    var vocabulary = 11
    var contextLength = 100
    var seed: UInt64 = 1
    var broken: Int?

    func row(after tokens: ArraySlice<Int>) -> [Float] {
      var random = RandomStream(seed: tokens.reduce(seed) { $0 &* 31 &+ UInt64($1) &+ 1 })
      if tokens.count == broken { return Array(repeating: .nan, count: vocabulary) }
      return (0..<vocabulary).map { _ in Float(3 * random.normal()) }
    }

    func reading(_ stretch: [Int]) throws -> (_ count: Int) throws -> [Float] {
      var place = 0
      return { count in
        defer { place += count }
        return (place..<place + count).flatMap { row(after: stretch[...$0]) }
      }
    }
  }

  private func text(_ lengths: [Int]) -> LanguageText {
    var random = RandomStream(seed: 9)
    return LanguageText(lengths.map { (0..<$0).map { _ in random.index(below: 11) } }, bytes: 500)
  }

  /// Oracle: the definitions, token by token.
  @Test func `scores and divergences are those of the definitions`() throws {
    let (model, other) = (Scores(seed: 1), Scores(seed: 2))
    let text = text([5, 2, 90, 17])
    var (nats, otherNats, divergences, agreeing) = (0.0, 0.0, [Double](), 0)
    for stretch in text.stretches {
      for place in 1..<stretch.count {
        func probabilities(_ scores: Scores) -> [Double] {
          let weights = scores.row(after: stretch[..<place]).map { exp(Double($0)) }
          return weights.map { $0 / weights.reduce(0, +) }
        }
        let (own, reference) = (probabilities(model), probabilities(other))
        nats -= log(own[stretch[place]])
        otherNats -= log(reference[stretch[place]])
        divergences.append(zip(reference, own).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) })
        agreeing += own.firstIndex(of: own.max() ?? 0) == reference.firstIndex(of: reference.max() ?? 0) ? 1 : 0
      }
    }
    var told: [Int] = []
    let found = try ForecastEvaluation(of: model, against: other, on: text) { done, targets in
      told.append(done)
      #expect(targets == 110)
    }
    #expect(found.score.targets == 110 && told.last == 110)
    #expect(abs(found.score.natsPerToken - nats / 110) < 1e-9)
    #expect(abs((found.score.bitsPerByte ?? 0) - nats / log(2) / 500) < 1e-9)
    #expect(abs((found.reference?.natsPerToken ?? 0) - otherNats / 110) < 1e-9)
    let divergence = try #require(found.divergence)
    #expect(abs(divergence.mean - divergences.reduce(0, +) / 110) < 1e-6)
    #expect(abs(divergence.top1Agreement - Double(agreeing) / 110) < 1e-12)
    let itself = try ForecastEvaluation(of: model, against: model, on: text)
    #expect(itself.divergence?.mean ?? 1 < 1e-9 && itself.divergence?.top1Agreement == 1)
    #expect(try ForecastEvaluation(of: model, on: text).score == found.score)
  }

  @Test func `what does not fit is refused`() throws {
    func refuses(_ error: LanguageTextError, _ model: Scores, against other: Scores? = nil, on lengths: [Int]) {
      #expect(throws: error) { try ForecastEvaluation(of: model, against: other, on: text(lengths)) }
    }
    refuses(.otherVocabulary(11, 12), Scores(), against: Scores(vocabulary: 12), on: [3])
    refuses(.unknownToken(text([9]).stretches[0].first { $0 > 3 } ?? 0, vocabulary: 4), Scores(vocabulary: 4), on: [9])
    refuses(.beyondContext(window: 9, context: 8), Scores(contextLength: 8), on: [9, 10])
    refuses(.notFinite(stretch: 1), Scores(broken: 5), on: [5, 6])
    refuses(.noText, Scores(), on: [])
  }

  /// Oracle: the scores of the model, one call a token.
  @Test func `a model file is judged by what it foretells`() throws {
    let folder = try TemporaryFolder()
    try SuccessorModel(saying: "abcd").write(to: folder.url.appending(path: "model"))
    let model = try LanguageModel(contentsOf: folder.url.appending(path: "model"), threads: 1)
    let ids = model.tokenizer.encode("abcdabxdab")
    var (nats, sequence) = (0.0, model.makeSequence())
    for (token, wanted) in zip(ids, ids.dropFirst()) {
      let scores = try model.scores(after: [token], in: &sequence).map(Double.init)
      nats += log(scores.reduce(0) { $0 + exp($1) }) - scores[wanted]
    }
    let found = try ForecastEvaluation(of: model, on: LanguageText([ids]))
    #expect(abs(found.score.natsPerToken - nats / 9) < 1e-6)
    #expect(found.score.natsPerToken > 3 && found.score.natsPerToken < 6)
  }
}
