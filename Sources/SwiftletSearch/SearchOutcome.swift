import Foundation
import SwiftletPlans
import SwiftletTerminal
import SwiftletTraining

/// What a search found, for people and for programs.
public struct SearchOutcome: Hashable, Sendable, Encodable {
  /// The same choice everywhere.
  public struct Uniform: Hashable, Sendable, Encodable {
    private enum Key: String, CodingKey { case cost, accuracy, loss }

    public let level: LayerChoice
    public let cost: Int
    public let accuracy, loss: Double

    public func encode(to encoder: any Encoder) throws {
      try level.encode(to: encoder)
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(cost, forKey: .cost)
      try values.encode(accuracy, forKey: .accuracy)
      try values.encode(loss, forKey: .loss)
    }
  }

  public let plan, trace, budget: String
  public let unit: PlanCosts.Unit
  public let cost: Int
  public let shareOfDense, accuracy, loss: Double
  public let images: Int
  public let uniform: [Uniform]
  /// Different plans that were judged: the candidates, and the uniform plans they are compared with.
  public let evaluations: Int
  /// Those of them that no earlier search had judged.
  public let measured: Int
  public let seconds: Double

  init(
    _ found: PlanSearch<ImageEvaluator>.Found, plan: URL, problem: SearchProblem<Evaluation>, budget: Budget,
    seconds: Double
  ) {
    (self.plan, trace, self.budget) = (plan.path, found.trace.path, budget.text)
    (unit, cost) = (problem.costs.unit, found.best.cost)
    shareOfDense = Double(found.best.cost) / Double(problem.costs.dense)
    let fitness = found.best.fitness
    (accuracy, loss, images) = (fitness.accuracy, fitness.loss, fitness.images)
    uniform = found.uniform.map { candidate in
      Uniform(
        level: problem.space.slots[0].levels[candidate.levels[0]], cost: candidate.cost,
        accuracy: candidate.fitness.accuracy, loss: candidate.fitness.loss)
    }
    (evaluations, measured, self.seconds) = (found.evaluations, found.measured, seconds)
  }
}

extension SearchOutcome: CustomStringConvertible {
  public var description: String {
    func text(_ cost: Int, _ accuracy: Double, _ loss: Double) -> String {
      "\(unit.text(cost)), " + String(format: "%.2f %% right, loss %.4f", 100 * accuracy, loss)
    }
    var lines = ["\(plan): " + text(cost, accuracy, loss) + String(format: ", %.3f of dense", shareOfDense)]
    lines += uniform.map {
      "uniform \($0.level.sparsity) \($0.level.format.rawValue): " + text($0.cost, $0.accuracy, $0.loss)
    }
    lines.append(
      "\(evaluations) plans on \(images) held-out images, \(measured) of them measured now, in "
        + "\(ConsoleBar.duration(seconds)); every candidate is in \(trace)")
    return lines.joined(separator: "\n")
  }
}
