import Foundation
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletTraining

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LanguageEvaluationTests {
  private let model: LlamaModel
  private let other: LlamaModel

  init() throws {
    let shape = LlamaConfiguration(vocabulary: 40, width: 16, hidden: 24, layers: 2, heads: 4, keyHeads: 2, context: 64)
    model = try LlamaModel(shape, using: Generator(seed: 1))
    other = try LlamaModel(shape, using: Generator(seed: 2))
    // Larger than training begins with, so that distributions differ.
    for model in [model, other] {
      withNoGradient { for parameter in model.parameters() where parameter.rank == 2 { parameter.mulInPlace(12) } }
    }
  }

  private func ids(_ count: Int, seed: UInt64) -> [Int] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Int.random(in: 0..<40, using: &random) }
  }

  /// Oracle: libtorch's cross entropy of each stretch alone, in double precision.
  private func nats(_ stretch: [Int], _ model: LlamaModel) -> Double {
    let scores = withNoGradient { model(Tensor(stretch.map(Int64.init), shape: [1, stretch.count])) }
    return scores.squeezed(0).narrowed(along: 0, from: 0, count: stretch.count - 1).cast(to: .float64)
      .crossEntropy(Tensor(stretch.dropFirst().map(Int64.init), shape: [stretch.count - 1]), reduction: .sum).item()
  }

  @Test func `windows lie side by side, foretell all tokens but their first, and leave out the tail`() throws {
    let ids = ids(103, seed: 4)
    let text = try LanguageText.windows(of: ids, window: 10, bytes: 400, leading: 1)
    #expect(text.stretches.count == 10 && text.targets == 90)
    #expect(text.stretches.flatMap(\.self) == Array(ids.prefix(100)))
    #expect(abs((text.bytes ?? 0) - 400.0 * 90 / 102) < 1e-9)
    #expect(try LanguageText.windows(of: ids, window: 10, limit: 3).stretches.count == 3)

    // The exponential of the mean of the windows' means.
    let expected = text.stretches.map { nats($0, model) / 9 }.reduce(0, +) / 10
    let score = try LanguageEvaluation(of: model, on: text).score
    #expect(abs(score.natsPerToken - expected) < 1e-5)
    #expect(abs(score.perplexity - exp(expected)) < 1e-3)
    #expect(abs((score.bitsPerByte ?? 0) - expected / log(2) * 102 / 400) < 1e-5)
  }

  @Test func `documents are read alone, and cut behind as many foretold tokens as a window has`() throws {
    let documents = [4, 1, 30, 12, 12].enumerated().map { (ids: ids($1, seed: UInt64($0)), bytes: 3 * ($1 - 1)) }
    let text = try LanguageText.documents(documents, window: 12)
    #expect(text.stretches.map(\.count) == [4, 13, 12, 12])
    #expect(text.bytes == Double(3 * (3 + 12 + 11 + 11)))
    let expected = text.stretches.map { nats($0, model) }.reduce(0, +) / 37
    let score = try LanguageEvaluation(of: model, on: text).score
    #expect(score.targets == 37 && abs(score.natsPerToken - expected) < 1e-5)
  }

  /// Oracle: the definition, in double precision.
  @Test func `a divergence is the mean over tokens of the reference's from the model's`() throws {
    let text = try LanguageText.windows(of: ids(64, seed: 9), window: 16)
    let evaluation = try LanguageEvaluation(of: model, against: other, on: text)
    var (divergences, agreeing) = ([Double](), 0)
    for stretch in text.stretches {
      func forecasts(_ model: LlamaModel) -> [Double] {
        withNoGradient {
          model(Tensor(stretch.dropLast().map(Int64.init), shape: [1, 15])).cast(to: .float64).softmax(along: 2)
            .scalars(as: Double.self)
        }
      }
      let (own, reference) = (forecasts(model), forecasts(other))
      for row in 0..<15 {
        let (p, q) = (reference[row * 40..<row * 40 + 40], own[row * 40..<row * 40 + 40])
        divergences.append(zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) })
        let (best, ownBest) = (p.enumerated().max { $0.1 < $1.1 }, q.enumerated().max { $0.1 < $1.1 })
        agreeing += best?.offset == ownBest?.offset ? 1 : 0
      }
    }
    let found = try #require(evaluation.divergence)
    #expect(abs(found.mean - divergences.reduce(0, +) / 60) < 1e-4)
    #expect(abs(found.top1Agreement - Double(agreeing) / 60) < 1e-12)
    #expect(found.mean > 0.1 && found.quantile999 > found.mean && found.top1Agreement < 1)
    let sorted = divergences.sorted()
    // 0.999 * 59 is 0.059 in front of the last.
    #expect(abs(found.quantile999 - (sorted[58] + (sorted[59] - sorted[58]) * 0.941)) < 1e-3)
    let reference = try #require(evaluation.reference)
    #expect(abs(reference.natsPerToken - text.stretches.map { nats($0, other) }.reduce(0, +) / 60) < 1e-5)

    let itself = try #require(try LanguageEvaluation(of: model, against: model.copy(), on: text).divergence)
    #expect(itself.mean < 1e-6 && itself.top1Agreement == 1)
  }

  @Test func `what does not fit is refused in one sentence`() throws {
    func refuses(_ error: LanguageTextError, _ body: () throws -> Void) { #expect(throws: error) { try body() } }
    refuses(.tooShort(tokens: 5, window: 6)) { _ = try LanguageText.windows(of: ids(5, seed: 0), window: 6) }
    refuses(.noText) { _ = try LanguageText.documents([([3], 0)], window: 6) }
    refuses(.unknownToken(40, vocabulary: 40)) {
      _ = try LanguageEvaluation(of: model, on: LanguageText([[0, 1, 2], [3, 40]]))
    }
    let wider = try LlamaModel(
      LlamaConfiguration(vocabulary: 41, width: 16, hidden: 24, layers: 1, heads: 4, context: 64),
      using: Generator(seed: 3))
    refuses(.otherVocabulary(40, 41)) {
      _ = try LanguageEvaluation(of: model, against: wider, on: LanguageText([[0, 1, 2]]))
    }
    withNoGradient { _ = model.norm.weight.fillInPlace(.nan) }
    refuses(.notFinite(stretch: 0)) { _ = try LanguageEvaluation(of: model, on: LanguageText([[0, 1, 2]])) }
    #expect(
      "\(LanguageTextError.beyondContext(window: 2048, context: 512))"
        == "a window of 2048 tokens is longer than the 512 that the network is for: give a shorter window")
  }
}
