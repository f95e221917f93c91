import Foundation
import SwiftletPlans
import SwiftletTerminal

/// What a search for ranks and bits found, for people and for programs.
public struct KeyValueSearchOutcome: Encodable {
  /// One choice for all keys and values.
  public struct Uniform: Encodable {
    public let level: String
    public let cost: Int
    public let score: ForecastScore
  }

  public let plan, trace, budget: String
  /// Of a token, grids counted.
  public let bytesPerToken: Int
  /// Of keys and values in 16 bits.
  public let share: Double
  public let score: ForecastScore
  /// Those inside the budget.
  public let uniform: [Uniform]
  /// Different plans that were judged, and those of them that no earlier search had judged.
  public let evaluations, measured: Int
  /// For statistics and errors, and for judging plans.
  public let preparingSeconds, searchingSeconds: Double

  init(
    _ found: PlanSearch<ForecastEvaluator>.Found, plan: URL, problem: SearchProblem<ForecastScore>, budget: Budget,
    seconds: (preparing: Double, searching: Double)
  ) {
    (self.plan, trace, self.budget) = (plan.path, found.trace.path, budget.text)
    bytesPerToken = found.best.cost
    share = Double(found.best.cost) / Double(problem.costs.dense)
    score = found.best.fitness
    uniform = found.uniform.map { candidate in
      Uniform(
        level: problem.space.slots[0].levels[candidate.levels[0]].wordsOfBothSides, cost: candidate.cost,
        score: candidate.fitness)
    }
    (evaluations, measured) = (found.evaluations, found.measured)
    (preparingSeconds, searchingSeconds) = seconds
  }
}

extension LayerChoice {
  /// `rank 96 of 3 heads, 4 bits`, where a side's bits stand for both.
  fileprivate var wordsOfBothSides: String {
    var shape = self
    (shape.keyBits, shape.valueBits) = (nil, nil)
    return "\(shape), \(cacheBits ?? 16) bits"
  }
}

extension KeyValueSearchOutcome: CustomStringConvertible {
  public var description: String {
    func text(_ cost: Int, _ score: ForecastScore) -> String { "\(cost) bytes a token, \(score.text)" }
    var lines = ["\(plan): \(text(bytesPerToken, score)), " + String(format: "%.4f of 16 bits", share)]
    lines += uniform.map { "everywhere \($0.level): \(text($0.cost, $0.score))" }
    lines.append(
      "\(evaluations) plans on \(score.tokens) held-out tokens, \(measured) of them measured now, in "
        + "\(ConsoleBar.duration(searchingSeconds)) after \(ConsoleBar.duration(preparingSeconds)) of calibration; "
        + "every candidate is in \(trace)")
    return lines.joined(separator: "\n")
  }
}
