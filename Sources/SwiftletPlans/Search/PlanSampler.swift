/// Draws plans from a search space: the level of each slot, in the order of the slots.
///
/// A sampler only reads; the random generator is the caller's, so equal seeds give equal sequences.
public protocol PlanSampler: Sendable {
  func levels(using generator: inout some RandomNumberGenerator) -> [Int]
}

/// Every slot draws its level alone, all levels alike.
///
/// Deep models almost never leave the middle of their range: DeiT-B in 1:4, 2:4 and 4:4 stays within 10.6 +- 0.8 G
/// multiply-adds.
public struct UniformSampler: PlanSampler {
  let counts: [Int]

  public init(_ space: SearchSpace) {
    counts = space.slots.map(\.levels.count)
  }

  public func levels(using generator: inout some RandomNumberGenerator) -> [Int] {
    counts.map { Int.random(in: 0..<$0, using: &generator) }
  }
}

/// Draws a size first, then how many slots take each level, then which: all sizes come up alike.
///
/// The size is the sum of the level numbers, cheapest is 0. For 48 slots with three levels the marginals are .369, .251
/// and .380. Source: the sampler of ELSA's supernet training.
public struct StratifiedSampler: PlanSampler {
  let slots: Int
  /// `ways[level][slots][size]`: how many count vectors spread these slots over the levels from `level` up to this size.
  let ways: [[[Double]]]

  public init(_ space: SearchSpace) throws(BudgetError) {
    let slots = space.slots.count
    let levels = space.slots.first?.levels.count ?? 1
    guard space.slots.allSatisfy({ $0.levels.count == levels }) else { throw .unequalLevels }
    let sizes = slots * (levels - 1)

    var ways = [[[Double]]](
      repeating: Array(repeating: Array(repeating: 0, count: sizes + 1), count: slots + 1), count: levels)
    for level in (0..<levels).reversed() {
      for remaining in 0...slots {
        for size in 0...sizes {
          if level == levels - 1 {
            ways[level][remaining][size] = remaining * level == size ? 1 : 0
          } else {
            var sum = 0.0
            for count in 0...remaining where count * level <= size {
              sum += ways[level + 1][remaining - count][size - count * level]
            }
            ways[level][remaining][size] = sum
          }
        }
      }
    }
    (self.slots, self.ways) = (slots, ways)
  }

  public func levels(using generator: inout some RandomNumberGenerator) -> [Int] {
    var size = Int.random(in: 0...(slots * (ways.count - 1)), using: &generator)
    var remaining = slots
    var levels: [Int] = []
    for level in ways.indices.dropLast() {
      let weights = (0...remaining).map { count in
        count * level <= size ? ways[level + 1][remaining - count][size - count * level] : 0
      }
      let count = weights.randomIndex(using: &generator)
      levels += Array(repeating: level, count: count)
      remaining -= count
      size -= count * level
    }
    levels += Array(repeating: ways.count - 1, count: remaining)
    return levels.shuffled(using: &generator)
  }
}

/// All plans whose summed cost lies in a window, each as likely as any other.
///
/// Counting makes it exact: a window that no plan meets is an error at once, and drawing never tries in vain.
public struct WindowSampler: PlanSampler {
  let units: [[Int]]
  /// `ways[slot][sum]`: plans for the slots from `slot` on that end in the window when the earlier ones cost `sum`,
  /// relative to the largest entry of the row, so that deep models do not overflow.
  let ways: [[Double]]

  /// - Parameters:
  ///   - costs: the cost of each level of each slot, for instance `PlanCosts.levels`.
  ///   - budget: the window of the summed cost, both ends included.
  public init(costs: [[Int]], budget: ClosedRange<Int>) throws(BudgetError) {
    let table = try BudgetTable(costs: costs, budget: budget)
    let sums = table.window.upperBound + 1
    var ways = [(0..<sums).map { table.window.contains($0) ? 1.0 : 0 }]
    for row in table.units.reversed() {
      var counts = [Double](repeating: 0, count: sums)
      for cost in row where cost < sums {
        for sum in 0..<(sums - cost) { counts[sum] += ways[0][sum + cost] }
      }
      let largest = counts.max() ?? 0
      if largest > 0 { for sum in counts.indices { counts[sum] /= largest } }
      ways.insert(counts, at: 0)
    }
    guard ways[0][0] > 0 else {
      let reachable = costs.reduce(0) { $0 + ($1.min() ?? 0) }...costs.reduce(0) { $0 + ($1.max() ?? 0) }
      throw .unsatisfiable(budget: budget, reachable: reachable)
    }
    (self.units, self.ways) = (table.units, ways)
  }

  public func levels(using generator: inout some RandomNumberGenerator) -> [Int] {
    var sum = 0
    return units.enumerated().map { slot, costs in
      let level = costs.map { cost in
        sum + cost < ways[slot + 1].count ? ways[slot + 1][sum + cost] : 0
      }.randomIndex(using: &generator)
      sum += costs[level]
      return level
    }
  }
}

extension [Double] {
  /// An index drawn in proportion to the weights.
  func randomIndex(using generator: inout some RandomNumberGenerator) -> Int {
    var point = Double.random(in: 0..<1, using: &generator) * reduce(0, +)
    var last = 0
    for (index, weight) in enumerated() where weight > 0 {
      if point < weight { return index }
      point -= weight
      last = index
    }
    return last  // Rounding left the point at the very end.
  }
}
