import TestSupport
import Testing

@testable import SwiftletPlans

@Suite struct KnapsackTests {
  /// Every way to choose one level a slot.
  static func everyChoice(_ counts: [Int]) -> [[Int]] {
    counts.reduce([[]]) { plans, count in plans.flatMap { plan in (0..<count).map { plan + [$0] } } }
  }

  static func sum<Number: AdditiveArithmetic>(_ table: [[Number]], _ plan: [Int]) -> Number {
    zip(table, plan).reduce(.zero) { $0 + $1.0[$1.1] }
  }

  /// Oracle: all plans, one by one.
  @Test(arguments: 0..<200)
  func `dynamic programming equals brute force`(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let slots = Int.random(in: 1...8, using: &random)
    let counts = (0..<slots).map { _ in Int.random(in: 1...3, using: &random) }
    let unit = [1, 7, 1000].randomElement(using: &random) ?? 1
    let costs = counts.map { $0 == 0 ? [] : (0..<$0).map { _ in unit * Int.random(in: 0...12, using: &random) } }
    // Whole merits, so that sums are exact and equal merits happen.
    let merits = counts.map { (0..<$0).map { _ in Double(Int.random(in: -9...9, using: &random)) } }
    let low = unit * Int.random(in: 0...40, using: &random) - Int.random(in: 0..<unit, using: &random)
    let budget = low...(low + unit * Int.random(in: 0...20, using: &random))

    let best = Self.everyChoice(counts).filter { budget.contains(Self.sum(costs, $0)) }
      .map { Self.sum(merits, $0) }.max()
    if let best {
      let plan = try Knapsack.best(merits: merits, costs: costs, budget: budget)
      #expect(budget.contains(Self.sum(costs, plan)), "seed \(seed)")
      #expect(Self.sum(merits, plan) == best, "seed \(seed)")
    } else {
      #expect(throws: BudgetError.self) { try Knapsack.best(merits: merits, costs: costs, budget: budget) }
    }
  }

  @Test func `without a limit the best level wins everywhere`() throws {
    let merits = [[0.0, 1, 2], [0, 1, 2], [5, 1, 2]]
    let costs = [[1, 2, 4], [3, 6, 12], [4, 8, 16]]
    #expect(try Knapsack.best(merits: merits, costs: costs, budget: 0...Int.max) == [2, 2, 0])
  }

  @Test func `one level leaves no choice`() throws {
    #expect(try Knapsack.best(merits: [[0.5], [0.25]], costs: [[3], [4]], budget: 7...7) == [0, 0])
  }

  @Test func `a window between the reachable sums is refused`() {
    #expect(throws: BudgetError.unsatisfiable(budget: 21...29, reachable: 0...40)) {
      try Knapsack.best(merits: [[0, 1], [0, 1]], costs: [[0, 20], [0, 20]], budget: 21...29)
    }
    #expect(throws: BudgetError.unsatisfiable(budget: 50...60, reachable: 0...40)) {
      try Knapsack.best(merits: [[0, 1], [0, 1]], costs: [[0, 20], [0, 20]], budget: 50...60)
    }
    #expect(throws: BudgetError.tooFine(sums: 20_000_000)) {
      try Knapsack.best(merits: [[0, 1], [0, 1]], costs: [[0, 9_999_999], [0, 10_000_001]], budget: 0...Int.max)
    }
  }
}
