/// The best plan under a budget when every layer's merit adds up: exact, by dynamic programming over whole cost units.
public enum Knapsack {
  /// Picks one level a slot with the largest sum of `merits` among all whose summed `costs` lie in `budget`.
  ///
  /// Equal sums keep the lower levels of the later slots, so that the answer is the same everywhere.
  /// Cost: slots times levels times distinct sums; DeiT-B's 48 x 3 x 577 take under a millisecond.
  /// - Precondition: `merits` and `costs` have the same shape, and merits are no NaN.
  public static func best(merits: [[Double]], costs: [[Int]], budget: ClosedRange<Int>) throws(BudgetError) -> [Int] {
    precondition(
      merits.map(\.count) == costs.map(\.count), "Knapsack.best: merits and costs differ in their slots or levels")
    let table = try BudgetTable(costs: costs, budget: budget)
    let sums = table.window.upperBound + 1

    // best[s] is the largest merit of the slots so far that costs exactly s units; level[i][s] is what slot i took.
    var best = [Double](repeating: -.infinity, count: sums)
    best[0] = 0
    var reached = [Bool](repeating: false, count: sums)
    reached[0] = true
    var taken: [[UInt16]] = []
    for (row, units) in zip(merits, table.units) {
      var next = [Double](repeating: -.infinity, count: sums)
      var nextReached = [Bool](repeating: false, count: sums)
      var levels = [UInt16](repeating: 0, count: sums)
      for (level, (merit, cost)) in zip(row, units).enumerated() where cost < sums {
        for sum in cost..<sums where reached[sum - cost] {
          let candidate = best[sum - cost] + merit
          if !nextReached[sum] || candidate > next[sum] {
            (next[sum], nextReached[sum], levels[sum]) = (candidate, true, UInt16(level))
          }
        }
      }
      (best, reached) = (next, nextReached)
      taken.append(levels)
    }

    let allowed = table.window.filter { reached[$0] }
    guard var sum = allowed.max(by: { best[$0] < best[$1] }) else {
      let reachable = costs.reduce(0) { $0 + ($1.min() ?? 0) }...costs.reduce(0) { $0 + ($1.max() ?? 0) }
      throw .unsatisfiable(budget: budget, reachable: reachable)
    }
    var plan = [Int](repeating: 0, count: costs.count)
    for slot in plan.indices.reversed() {
      plan[slot] = Int(taken[slot][sum])
      sum -= table.units[slot][plan[slot]]
    }
    return plan
  }
}
