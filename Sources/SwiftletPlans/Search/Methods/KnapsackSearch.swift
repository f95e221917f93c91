/// Assumes that the harm of the layers adds up: measures each level of each slot alone, and picks the best sum exactly.
///
/// A slot's levels are measured with every other slot at the level that keeps most. For 24 slots with three levels that is
/// 49 evaluations, and one more for the answer. Errors do not quite add up, which is what the other searches are for.
public struct KnapsackSearch: Hashable, Sendable {
  public init() {}

  func run(_ history: inout SearchHistory<some Fitness>) throws {
    let levels = try plan(&history)
    try history.evaluate([Proposal(levels: levels, origin: .knapsack, round: 1)])
  }

  /// The plan that the sum of the measured harms favours; evaluates the sensitivities, not the plan.
  func plan(_ history: inout SearchHistory<some Fitness>) throws -> [Int] {
    let problem = history.problem
    let merits = try sensitivities(&history)
    return try Knapsack.best(
      merits: merits, costs: problem.costs.levels,
      budget: problem.window.lowerBound - problem.costs.fixed...problem.window.upperBound - problem.costs.fixed)
  }

  /// The merit that each level of each slot adds to the fullest plan's: 0 for the fullest level, mostly negative for
  /// the others.
  func sensitivities(_ history: inout SearchHistory<some Fitness>) throws -> [[Double]] {
    let problem = history.problem
    let base = problem.fullest
    let variants = problem.space.slots.indices.map { slot in
      problem.space.slots[slot].levels.indices.map { level in
        var levels = base
        levels[slot] = level
        return levels
      }
    }
    try history.evaluate(([base] + variants.joined()).map { Proposal(levels: $0, origin: .sensitivity, round: 0) })
    // A network that answers NaN at one level must not take part, however cheap that level is.
    let seen = history
    func merit(_ levels: [Int]) -> Double {
      seen[levels].map { max(-1e9, $0.fitness.merit(by: problem.measure)) } ?? -1e9
    }
    let reference = merit(base)
    return variants.map { row in row.map { merit($0) - reference } }
  }
}
