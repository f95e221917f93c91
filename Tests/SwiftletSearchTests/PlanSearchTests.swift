import Foundation
import SwiftletFiles
import SwiftletPlans
import SwiftletTraining
import TestSupport
import Testing

@testable import SwiftletSearch

/// How well a language model reads: a score that knows no images.
private struct Perplexity: PlanScore {
  enum Measure: String, Hashable, Sendable, Codable, CaseIterable { case perplexity }

  let perplexity: Double

  func merit(by measure: Measure) -> Double { perplexity.isNaN ? -.infinity : -perplexity }

  var figures: [String: Double] { [:] }
  var text: String { "perplexity \(perplexity)" }
}

/// Every decision for a layer of the cache does harm of its own, and the harm adds up.
private final class Reader: PlanEvaluator {
  let identity: Fingerprint
  let summary = "12 lines of text"
  private(set) var judged = 0

  init(_ weights: String) {
    var identity = Fingerprint(.scattered)
    identity.mix(weights)
    self.identity = identity
  }

  static func perplexity(of plan: CompressionPlan) -> Double {
    plan.paths.enumerated().reduce(5) { sum, layer in
      let rank = plan[layer.element]?.rank ?? 64
      return sum + Double((layer.offset * 5 + 3) % 7 + 1) * Double(64 - rank) / 64
    }
  }

  func score(of plan: CompressionPlan) -> Perplexity {
    judged += 1
    return Perplexity(perplexity: Self.perplexity(of: plan))
  }
}

@Suite struct PlanSearchTests {
  /// Keys and values of two layers: 4 heads of 16, in one group.
  static let slots = (0..<2).flatMap { layer in
    [Slot.Kind.keys, .values].map { kind in
      Slot(
        block: "layers.\(layer)", role: kind.rawValue, kind: kind, inputs: 64, outputs: 64, positions: 1, heads: 4)
    }
  }

  private static func search(_ kind: SearchMethod.Kind) throws -> PlanSearch<Reader> {
    let choices =
      [LayerChoice()] + [16, 32].flatMap { [LayerChoice(rank: $0, keyBits: 4), LayerChoice(rank: $0, valueBits: 4)] }
    let space = try SearchSpace(choices, over: slots, by: .cacheBytes)
    let budget = try Budget(parsing: "kv=0.1..0.6")
    let problem = try SearchProblem<Perplexity>(
      space, costs: .cacheBytes(of: space, in: slots), budget: budget, measure: .perplexity)
    return PlanSearch(problem, method: SearchMethod(kind), seed: 3, model: "a reader", budget: budget)
  }

  /// Oracle: all 81 plans, judged without a search.
  @Test(arguments: [SearchMethod.Kind.knapsack, .evolutionary])
  func `a search finds the best cache of a language model inside its bytes`(kind: SearchMethod.Kind) throws {
    let search = try Self.search(kind)
    let problem = search.problem
    #expect(problem.space.slots.map(\.levels.count) == [3, 3, 3, 3])
    let all = (0..<81).map { number in [number / 27, number / 9 % 3, number / 3 % 3, number % 3] }
    let best = all.filter(problem.isInside).map { Reader.perplexity(of: problem.space.plan($0)) }.min()
    let folder = try TemporaryFolder()
    let reader = Reader("weights")
    let found = try search.run(by: reader, beside: folder.url.appending(path: "plan.json"))
    #expect(found.best.fitness.perplexity == best)
    #expect(problem.window.contains(found.best.cost) && found.measured == reader.judged)
    #expect(found.uniform.map(\.levels) == [[0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2]])

    let trace = try SearchTrace<Perplexity>.read(from: found.trace)
    #expect(trace.header.unit == .cacheBytes && trace.header.dense == 512 && trace.header.measure == .perplexity)
    #expect(trace.lines.map(\.score.perplexity).contains(found.best.fitness.perplexity))
    // Who reads scores of images says that these are none.
    #expect(throws: (any Error).self) { try SearchTrace<Evaluation>.read(from: found.trace) }
  }

  @Test func `a repeated search judges nothing, and what scores depend on is part of their key`() throws {
    let search = try Self.search(.knapsack)
    let folder = try TemporaryFolder()
    let plan = folder.url.appending(path: "plan.json")
    let first = try search.run(by: Reader("weights"), beside: plan)
    let trace = try Data(contentsOf: first.trace)
    let again = Reader("weights")
    let second = try search.run(by: again, beside: plan)
    #expect(again.judged == 0 && second.measured == 0 && second.best == first.best)
    #expect(try Data(contentsOf: second.trace) == trace)
    let other = Reader("other weights")
    #expect(try search.run(by: other, beside: plan).measured == first.measured && other.judged == first.measured)
  }

  /// Oracle: the lines that traces have had since there were only images.
  @Test func `a candidate's score stands among its other keys`() throws {
    let proposal = Proposal(levels: [0, 2], origin: .mutant, round: 3)
    let image = Candidate(proposal, cost: 12, fitness: Evaluation(images: 10, correct: 5, loss: 0.25))
    #expect(
      try SearchTrace<Evaluation>.Line(image).json
        == #"{"accuracy":0.5,"correct":5,"cost":12,"images":10,"levels":[0,2],"loss":0.25,"origin":"mutant","round":3}"#
    )
    let text = Candidate(proposal, cost: 12, fitness: Perplexity(perplexity: 5.25))
    #expect(
      try SearchTrace<Perplexity>.Line(text).json
        == #"{"cost":12,"levels":[0,2],"origin":"mutant","perplexity":5.25,"round":3}"#)
  }
}
