/// Assumes that the harm of the layers adds up: measures each level of each slot alone, and picks the best sum exactly.
///
/// A slot's levels are measured with every other slot at the level that keeps most. For 24 slots with three levels that is
/// 49 evaluations, and one more for the answer. Where the problem knows what each level loses within its slot
/// (``SearchProblem/localErrors``), one level a slot is measured, the one whose share of the slot's cost is nearest to the
/// budget's, and the harm of the others follows in proportion. Errors do not quite add up, which is what the other searches are for.
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
    if let errors = problem.localErrors {
      return try sensitivities(&history, following: errors.map { $0.map { $0.isNaN ? .infinity : $0 } })
    }
    let base = problem.fullest
    let variants = problem.space.slots.indices.map { slot in
      problem.space.slots[slot].levels.indices.map { level in
        var levels = base
        levels[slot] = level
        return levels
      }
    }
    try history.evaluate(([base] + variants.joined()).map { Proposal(levels: $0, origin: .sensitivity, round: 0) })
    let reference = merit(base, history)
    return variants.map { row in row.map { merit($0, history) - reference } }
  }

  /// The same from one measured level a slot, beside the plan of least errors. A level of infinite error must not take part.
  private func sensitivities(
    _ history: inout SearchHistory<some Fitness>, following errors: [[Double]]
  ) throws -> [[Double]] {
    let problem = history.problem
    let base = problem.leastErrors(errors)
    let judged = problem.space.slots.indices.map { slot in
      problem.typicalLevel(of: slot, errors[slot]) {
        errors[slot][$0].isFinite && errors[slot][$0] > errors[slot][base[slot]]
      }
    }
    let variants = judged.enumerated().map { slot, level in
      var levels = base
      levels[slot] = level ?? base[slot]
      return levels
    }
    try history.evaluate(([base] + variants).map { Proposal(levels: $0, origin: .sensitivity, round: 0) })
    let reference = merit(base, history)
    let harms = variants.map { max(0, reference - merit($0, history)) }
    // An error without harm is chance: it is taken to do as much as the least of the others.
    let least = harms.filter { $0 > 0 }.min() ?? 1
    return errors.enumerated().map { slot, row in
      guard let level = judged[slot] else { return row.map { $0.isFinite ? 0 : Self.worthless } }
      let origin = row[base[slot]]
      let rate = max(harms[slot], least) / (row[level] - origin)
      return row.map { max(Self.worthless, -rate * ($0 - origin)) }
    }
  }

  /// A network that answers NaN at one level must not take part, however cheap that level is.
  private func merit<Score: Fitness>(_ levels: [Int], _ history: SearchHistory<Score>) -> Double {
    history[levels].map { max(Self.worthless, $0.fitness.merit(by: history.problem.measure)) } ?? Self.worthless
  }

  /// The merit of what is to be left out, finite so that it adds up.
  private static let worthless = -1e9
}

extension SearchProblem {
  /// The level of each slot with the least error; of equals the one that keeps most.
  fileprivate func leastErrors(_ errors: [[Double]]) -> [Int] {
    space.slots.indices.map { slot in
      let levels = space.slots[slot].levels
      return levels.indices.min { a, b in
        errors[slot][a] != errors[slot][b]
          ? errors[slot][a] < errors[slot][b] : levels[b].keepsLess(than: levels[a])
      } ?? 0
    }
  }

  /// The level that a plan inside the budget would typically take: of those that cost the slot about as much of its costliest as
  /// the budget leaves of all, the one with the least error; nil where none is allowed.
  fileprivate func typicalLevel(of slot: Int, _ errors: [Double], where isAllowed: (Int) -> Bool) -> Int? {
    let row = costs.levels[slot]
    let share = Double(window.upperBound) / Double(max(1, costs.range.upperBound))
    let wished = share * Double(row.max() ?? 0)
    func distance(_ level: Int) -> Double { abs(Double(row[level]) - wished) }
    let allowed = row.indices.filter(isAllowed)
    guard let nearest = allowed.map(distance).min() else { return nil }
    return allowed.filter { distance($0) <= nearest + 0.05 * wished }.min { errors[$0] < errors[$1] }
  }
}
