import Foundation
import SwiftletData
import SwiftletFiles
import SwiftletPlans
import SwiftletTerminal
import SwiftletTraining

/// A search for a plan, whatever judges the plans: it keeps every score and the trace of every candidate beside the plan.
///
/// It is a function of the problem, the seed and the scores. A score that `evaluations.jsonl` holds is not measured again, so
/// that a search that was interrupted goes on, and one that is repeated ends at once, with the same result bit for bit.
public struct PlanSearch<Evaluator: PlanEvaluator> {
  public typealias Score = Evaluator.Score

  public let problem: SearchProblem<Score>
  public let method: SearchMethod
  public let seed: Int
  /// The network in words.
  public let model: String
  public let budget: Budget
  public let accelerator: String?
  /// Whether plans with one choice everywhere are judged outside the window too.
  public var judgesAllUniform = true

  public init(
    _ problem: SearchProblem<Score>, method: SearchMethod, seed: Int, model: String, budget: Budget,
    accelerator: String? = nil
  ) {
    (self.problem, self.method, self.seed) = (problem, method, seed)
    (self.model, self.budget, self.accelerator) = (model, budget, accelerator)
  }

  /// What came out.
  public struct Found {
    public let best: Candidate<Score>
    /// The plans with one choice everywhere, for comparison, inside the window or, where that is wished, not.
    public let uniform: [Candidate<Score>]
    /// Different plans that were judged.
    public let evaluations: Int
    /// Those of them that no earlier search had judged.
    public let measured: Int
    public let trace: URL
  }

  /// Searches to the end, or to the next SIGINT, SIGTERM or SIGHUP. Writes the scores and the trace, and not the plan.
  ///
  /// - Parameter plan: the plan file that the other files lie beside; its folder is made.
  /// - Throws: `SearchRunError.interrupted`, and what a file or the evaluator does not allow.
  public func run(
    by evaluator: Evaluator, beside plan: URL, observer: @escaping (SearchEvent<Score>) throws -> Void = { _ in }
  ) throws -> Found {
    defer { try? observer(.stopped) }
    let clock = ContinuousClock()
    let scores = try KnownScores(evaluator, space: problem.space, beside: plan)
    let total = method.evaluationCount(of: problem)
    try observer(.started(summary(evaluator, total: total)))

    return try Interruption.whileListening {
      let compared = problem.space.uniformPlans.filter { judgesAllUniform || problem.isInside($0) }
      let uniform = try compared.map { levels in
        let proposal = Proposal(levels: levels, origin: .uniform, round: 0)
        return Candidate(proposal, cost: problem.costs.total(of: levels), fitness: try scores.score(of: proposal))
      }
      let trace = try TraceWriter(PlanFiles.trace(beside: plan), header: header(uniform: uniform))
      var random = RandomStream(seed: UInt64(bitPattern: Int64(seed)))
      var (done, best) = (0, Candidate<Score>?.none)
      let ready = clock.now  // Reading data is no part of the estimate.
      let result = try method.run(problem, using: &random) { [problem] proposals in
        try proposals.map { proposal in
          let score = try scores.score(of: proposal)
          let candidate = Candidate(proposal, cost: problem.costs.total(of: proposal.levels), fitness: score)
          try trace.append(candidate)
          if problem.window.contains(candidate.cost), best.map({ problem.ranksBefore(candidate, $0) }) ?? true {
            best = candidate
          }
          done += 1
          try observer(
            .evaluated(
              SearchProgress(
                done: done, total: total, candidate: candidate, best: best,
                seconds: (clock.now - ready).milliseconds / 1000)))
          return score
        }
      }
      // What is compared with may be better than what was searched.
      let candidates = [result.best] + uniform.filter { problem.window.contains($0.cost) }
      return Found(
        best: candidates.min(by: problem.ranksBefore) ?? result.best, uniform: uniform,
        evaluations: Set(result.candidates.map(\.levels) + uniform.map(\.levels)).count, measured: scores.measured,
        trace: trace.file)
    }
  }

  /// What a search that writes `plan` writes beside it, to be checked before it begins.
  public static func sideOutputs(of plan: URL) -> [PlannedOutput] {
    [
      PlannedOutput(
        PlanFiles.trace(beside: plan).path, kind: "the trace of a search", replacing: SearchTrace<Score>.isTrace(at:)),
      PlannedOutput(
        PlanFiles.evaluations(beside: plan).path, kind: "the evaluations of such searches",
        replacing: EvaluationCache<Score>.isCache(at:)),
    ]
  }

  private func summary(_ evaluator: Evaluator, total: Int?) -> String {
    let slots = problem.space.slots
    let count = total.map { "\($0) evaluations" } ?? "evaluations until it fits"
    return "\(method.kind.rawValue) search for \(budget) over \(slots.count) layers with "
      + "\(slots.map(\.levels.count).max() ?? 0) levels, \(count) on \(evaluator.summary)"
  }

  private func header(uniform: [Candidate<Score>]) -> SearchTrace<Score>.Header {
    SearchTrace<Score>.Header(
      model: model, budget: budget.text, accelerator: accelerator ?? "", method: method.kind, measure: problem.measure,
      seed: seed, unit: problem.costs.unit, fixed: problem.costs.fixed, dense: problem.costs.dense,
      window: [problem.window.lowerBound, problem.window.upperBound],
      slots: zip(problem.space.slots, problem.costs.levels).map { slot, costs in
        .init(layer: slot.path, levels: zip(slot.levels, costs).map { .init(choice: $0, cost: $1) })
      },
      uniform: uniform.map(SearchTrace<Score>.Line.init))
  }
}

/// Scores of plans, each measured once.
private final class KnownScores<Evaluator: PlanEvaluator> {
  private(set) var measured = 0
  private let evaluator: Evaluator
  private let space: SearchSpace
  private let cache: EvaluationCache<Evaluator.Score>

  init(_ evaluator: Evaluator, space: SearchSpace, beside plan: URL) throws {
    (self.evaluator, self.space) = (evaluator, space)
    let folder = plan.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw RunError.cannotWrite(folder, reason: reason(of: error))
    }
    cache = try EvaluationCache(PlanFiles.evaluations(beside: plan))
  }

  func score(of proposal: Proposal) throws -> Evaluator.Score {
    let plan = space.plan(proposal.levels)
    var key = evaluator.identity
    key.mix(plan.json)
    if let known = cache[key.hexadecimal] { return known }
    if let signal = Interruption.signalNumber {
      throw SearchRunError.interrupted(signal: signal, evaluations: cache.file)
    }
    let score = try evaluator.score(of: plan)
    measured += 1
    try cache.store(score, for: key.hexadecimal)
    return score
  }
}

/// What a search writes beside a plan.
enum PlanFiles {
  /// `plan.trace.jsonl` beside `plan.json`.
  static func trace(beside plan: URL) -> URL { plan.deletingPathExtension().appendingPathExtension("trace.jsonl") }

  /// The evaluations of every search in the folder.
  static func evaluations(beside plan: URL) -> URL {
    plan.deletingLastPathComponent().appending(path: "evaluations.jsonl")
  }
}
