import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletPlans

/// Right answers and a loss.
struct Marks: Fitness {
  enum Measure: Hashable, Sendable, CaseIterable { case loss, accuracy }

  let correct: Int
  let loss: Double

  func merit(by measure: Measure) -> Double {
    if loss.isNaN { return -.infinity }
    return measure == .loss ? -loss : Double(correct)
  }
}

/// A made-up network whose slots' harm adds up, or interacts, so that the best plan is known.
struct SyntheticSearch {
  let problem: SearchProblem<Marks>
  let merits: [[Double]]

  /// Levels 1:4, 2:4 and 4:4 whose merit rises with the cost, as `seed` decides.
  /// - Parameter knowsErrors: whether the problem is told what levels lose within their slot, in a unit of each slot's own.
  init(
    slots: Int, levels: Int = 3, share: ClosedRange<Double> = 0.38...0.42, seed: UInt64, knowsErrors: Bool = false
  ) throws {
    var random = SplitMix64(seed: seed)
    let patterns = [1, 2, 4].prefix(levels).map { SparsityPattern(keeping: $0, of: 4) }
    let space = SearchSpace(Array(patterns), over: (0..<slots).map { "blocks.\($0).mlp.fc1" })
    let sizes = (0..<slots).map { [1, 3, 4, 4][$0 % 4] }
    let costs = PlanCosts(
      .multiplyAdds, fixed: 7, levels: sizes.map { size in patterns.map { size * $0.kept } },
      dense: 7 + 4 * sizes.reduce(0, +))
    merits = sizes.map { _ in
      var merit = -Double.random(in: 0...1, using: &random)
      var row = [0.0]
      for _ in 1..<max(2, levels) {
        row.insert(merit, at: 0)
        merit -= Double.random(in: 0...1, using: &random)
      }
      return Array(row.prefix(levels))
    }
    let window =
      try Budget(parsing: "flops=\(share.lowerBound)..\(share.upperBound)").window(in: costs)
    let units = sizes.map { _ in Double.random(in: 0.01...100, using: &random) }
    let errors = zip(merits, units).map { row, unit in row.map { -unit * $0 } }
    problem = try SearchProblem(
      space, costs: costs, window: window, measure: .loss, localErrors: knowsErrors ? errors : nil)
  }

  func fitness(_ levels: [Int]) -> Marks {
    Marks(correct: 500, loss: 10 - zip(merits, levels).reduce(0) { $0 + $1.0[$1.1] })
  }

  func run(
    _ method: SearchMethod, seed: UInt64 = 1, seen: (([Proposal]) throws -> Void)? = nil
  ) throws -> SearchResult<Marks> {
    var random = SplitMix64(seed: seed)
    return try method.run(problem, using: &random) { proposals in
      try seen?(proposals)
      return proposals.map { fitness($0.levels) }
    }
  }

  /// Oracle: the exact optimum of the additive objective.
  func optimum() throws -> Double {
    let levels = try Knapsack.best(
      merits: merits, costs: problem.costs.levels,
      budget: problem.window.lowerBound - problem.costs.fixed...problem.window.upperBound - problem.costs.fixed)
    return fitness(levels).loss
  }
}

extension SearchMethod: CustomTestStringConvertible {
  public var testDescription: String {
    switch self {
    case .evolutionary(let search) where search.mutation == .swap: "evolutionary with swaps"
    case .greedy(let search): "greedy from the \(search.start.rawValue)"
    default: kind.rawValue
    }
  }

  static var swapping: SearchMethod {
    var search = EvolutionarySearch()
    search.mutation = .swap
    return .evolutionary(search)
  }

  static let every: [SearchMethod] = [
    .random(RandomSearch()), .greedy(GreedySearch()), .greedy(GreedySearch(from: .cheapest)),
    .knapsack(KnapsackSearch()), .evolutionary(EvolutionarySearch()), swapping,
  ]
}

@Suite struct SearchMethodTests {
  /// Oracle: the knapsack, which is exact where merits add up.
  @Test(arguments: [SearchMethod.evolutionary(EvolutionarySearch()), .swapping], 1...3)
  func `evolution comes within 1 % of the optimum of an additive objective`(
    method: SearchMethod, seed: Int
  ) throws {
    let search = try SyntheticSearch(slots: 24, seed: UInt64(seed))
    let (found, best) = (try search.run(method, seed: UInt64(seed)).best.fitness.loss, try search.optimum())
    #expect(found >= best - 1e-9, "seed \(seed): better than the best")
    #expect(found <= best * 1.01, "seed \(seed): \(found), the optimum is \(best)")
  }

  @Test(arguments: 1...5) func `the knapsack finds the optimum of an additive objective`(seed: Int) throws {
    let search = try SyntheticSearch(slots: 24, seed: UInt64(seed))
    let result = try search.run(.knapsack(KnapsackSearch()))
    #expect(abs(result.best.fitness.loss - (try search.optimum())) < 1e-9)
    // Costliest plan, two other levels a slot, and the answer, where it is not one of them.
    #expect(result.candidates.count == 1 + 24 * 2 + 1)
  }

  /// One level a slot is judged; the others follow.
  @Test(arguments: 1...5) func `local errors spare the knapsack all levels of a slot but one`(seed: Int) throws {
    let search = try SyntheticSearch(slots: 24, seed: UInt64(seed), knowsErrors: true)
    var judged: [Proposal] = []
    let result = try search.run(.knapsack(KnapsackSearch())) { judged += $0 }
    #expect(abs(result.best.fitness.loss - (try search.optimum())) < 1e-9, "seed \(seed)")
    #expect(judged.count { $0.origin == .sensitivity } == 1 + 24)
    #expect(SearchMethod.knapsack(KnapsackSearch()).evaluationCount(of: search.problem) == 1 + 24 + 1)
    var warm = EvolutionarySearch()
    warm.warmStart = [.knapsack]
    warm.generations = 0
    #expect(SearchMethod.evolutionary(warm).evaluationCount(of: search.problem) == 50 + 1 + 24)
  }

  /// Three slots that cost and err alike; the first is measured to do no harm, the last little. What the first errs still counts.
  @Test func `an error whose harm was not seen is not taken for nothing`() throws {
    let choices = [1, 2, 4].map { LayerChoice(pattern: SparsityPattern(keeping: $0, of: 4)) }
    let space = SearchSpace(["a", "b", "c"].map { .init(path: $0, levels: choices) })
    let (row, errors) = ([1, 2, 4], [4.0, 1, 0])
    let costs = PlanCosts(.bytes, fixed: 0, levels: [row, row, row], dense: 12)
    let problem = try SearchProblem<Marks>(
      space, costs: costs, window: 0...10, measure: .loss, localErrors: [errors, errors, errors])
    var random = SplitMix64(seed: 1)
    let found = try SearchMethod.knapsack(KnapsackSearch()).run(problem, using: &random) { proposals in
      proposals.map { Marks(correct: 0, loss: errors[$0.levels[1]] + 0.25 * errors[$0.levels[2]]) }
    }
    let chosen = try #require(found.candidates.last)
    #expect(chosen.levels[0] > 0 && chosen.levels[1] == 2 && chosen.cost == 10, "\(chosen.levels)")
  }

  /// The cheapest levels of the first slot have no error that is a number; whatever it is worth, they are not taken.
  @Test(arguments: [Double.nan, .infinity]) func `a level whose error is no number is left out`(error: Double) throws {
    let choices = [1, 2, 4].map { LayerChoice(pattern: SparsityPattern(keeping: $0, of: 4)) }
    let space = SearchSpace(["a", "b"].map { .init(path: $0, levels: choices) })
    let costs = PlanCosts(.bytes, fixed: 0, levels: [[1, 2, 4], [1, 2, 4]], dense: 8)
    for errors in [[error, 1, 0], [error, error, 0]] {
      let problem = try SearchProblem<Marks>(
        space, costs: costs, window: 0...6, measure: .loss, localErrors: [errors, [400, 100, 0]])
      var random = SplitMix64(seed: 1)
      let found = try SearchMethod.knapsack(KnapsackSearch()).run(problem, using: &random) { proposals in
        proposals.map { Marks(correct: 0, loss: [400, 100, 0][$0.levels[1]]) }
      }
      let chosen = try #require(found.candidates.last)
      #expect(errors[chosen.levels[0]].isFinite && chosen.cost <= 6, "\(chosen.levels)")
    }
  }

  /// Oracle: the count that the method states, 50 + 20 * 50.
  @Test(arguments: [SearchMethod.evolutionary(EvolutionarySearch()), .swapping])
  func `evolution evaluates 1050 different plans, all inside the window`(method: SearchMethod) throws {
    let search = try SyntheticSearch(slots: 24, seed: 9)
    let result = try search.run(method)
    #expect(result.candidates.count == 1050)
    #expect(Set(result.candidates.map(\.levels)).count == 1050)
    #expect(result.candidates.allSatisfy { search.problem.window.contains($0.cost) })
    #expect(result.candidates.allSatisfy { $0.cost == search.problem.costs.total(of: $0.levels) })
    let rounds = Dictionary(grouping: result.candidates, by: \.proposal.round)
    #expect(rounds.keys.sorted() == Array(0...20))
    #expect(rounds.values.allSatisfy { $0.count == 50 })
    #expect(rounds[3]?.count { $0.proposal.origin == .crossover } == 25)
    #expect(method.evaluationCount(of: search.problem) == 1050)
  }

  @Test(arguments: [SearchMethod.evolutionary(EvolutionarySearch()), .swapping])
  func `the elite only gets better`(method: SearchMethod) throws {
    let search = try SyntheticSearch(slots: 24, seed: 10)
    let result = try search.run(method)
    var elites: [Double] = []
    for round in 0...20 {
      let losses = result.candidates.filter { $0.proposal.round <= round }.map(\.fitness.loss).sorted()
      elites.append(losses.prefix(10).reduce(0, +))
    }
    #expect(zip(elites, elites.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(elites[20] < elites[0])
  }

  @Test(arguments: SearchMethod.every) func `equal seeds search alike`(method: SearchMethod) throws {
    let search = try SyntheticSearch(slots: 12, seed: 11)
    #expect(try search.run(method, seed: 5) == search.run(method, seed: 5))
    let drawsNothing = [.greedy, .knapsack].contains(method.kind)
    #expect((try search.run(method, seed: 5) == search.run(method, seed: 6)) == drawsNothing)
  }

  /// Replaying with known fitnesses is how an interrupted search goes on: nothing but the fitnesses is remembered.
  @Test(arguments: SearchMethod.every, [0, 1, 57, 300])
  func `an interrupted search goes on to the same result`(method: SearchMethod, after count: Int) throws {
    struct Interrupted: Error {}
    let search = try SyntheticSearch(slots: 12, seed: 12)
    var known: [[Int]: Marks] = [:]
    var random = SplitMix64(seed: 3)
    do {
      _ = try method.run(search.problem, using: &random) { proposals in
        try proposals.map { proposal in
          if known.count == count { throw Interrupted() }
          known[proposal.levels] = search.fitness(proposal.levels)
          return search.fitness(proposal.levels)
        }
      }
    } catch is Interrupted {}
    var (measured, again) = (0, SplitMix64(seed: 3))
    let resumed = try method.run(search.problem, using: &again) { proposals in
      proposals.map { proposal in
        if let fitness = known[proposal.levels] { return fitness }
        measured += 1
        return search.fitness(proposal.levels)
      }
    }
    let whole = try search.run(method, seed: 3)
    #expect(resumed == whole)
    #expect(measured == max(0, whole.candidates.count - count))
  }

  /// Oracle: the dense plan, the best of a monotone objective.
  @Test(arguments: SearchMethod.every.filter { $0.kind != .random })
  func `an unlimited budget returns the dense plan`(method: SearchMethod) throws {
    let search = try SyntheticSearch(slots: 8, share: 0...1, seed: 13)
    #expect(try search.run(method).best.levels == Array(repeating: 2, count: 8))
  }

  @Test(arguments: SearchMethod.every) func `one level leaves one plan`(method: SearchMethod) throws {
    let search = try SyntheticSearch(slots: 6, levels: 1, share: 0...1, seed: 14)
    let result = try search.run(method)
    #expect(result.best.levels == Array(repeating: 0, count: 6))
    #expect(result.candidates.count == 1)
  }

  @Test(arguments: SearchMethod.every) func `the answer lies in the window, whatever the method`(
    method: SearchMethod
  ) throws {
    for seed in UInt64(20)..<26 {
      let search = try SyntheticSearch(slots: 10, share: 0.45...0.47, seed: seed)
      let result = try search.run(method, seed: seed)
      #expect(search.problem.window.contains(result.best.cost), "seed \(seed)")
      let inside = result.candidates.filter { search.problem.window.contains($0.cost) }
      #expect(inside.allSatisfy { $0.fitness.loss >= result.best.fitness.loss }, "seed \(seed)")
      #expect(Set(result.candidates.map(\.levels)).count == result.candidates.count, "seed \(seed)")
    }
  }

  /// Oracle: all plans, one by one.
  @Test(arguments: [SearchMethod.evolutionary(EvolutionarySearch()), .random(RandomSearch())])
  func `a window with few plans is searched through and ends`(method: SearchMethod) throws {
    let search = try SyntheticSearch(slots: 3, share: 0.5...0.7, seed: 15)
    let inside = KnapsackTests.everyChoice([3, 3, 3]).filter(search.problem.isInside)
    let result = try search.run(method)
    #expect(Set(result.candidates.map(\.levels)) == Set(inside))
    #expect(result.best.fitness.loss == inside.map { search.fitness($0).loss }.min())
  }

  /// 2:4 costs more than 4:4 here, as measured times may have it, and is never worth it.
  @Test(arguments: SearchMethod.every.filter { $0.kind != .random })
  func `a level that costs more for less is not taken`(method: SearchMethod) throws {
    let space = SearchSpace(
      [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }, over: (0..<8).map { "blocks.\($0).mlp.fc1" })
    let costs = PlanCosts(.nanoseconds, fixed: 0, levels: (0..<8).map { _ in [60, 105, 100] }, dense: 800)
    for budget in ["ms=0.00065", "ms=0.0008", "ms=1"] {
      let problem = try SearchProblem<Marks>(space, costs: costs, budget: Budget(parsing: budget), measure: .loss)
      var random = SplitMix64(seed: 2)
      let result = try method.run(problem, using: &random) { proposals in
        proposals.map { proposal in
          let loss = proposal.levels.enumerated().reduce(1.0) { $0 + [0.9, 0.3, 0][$1.1] * Double($1.0 + 1) }
          return Marks(correct: 5, loss: loss)
        }
      }
      #expect(problem.window.contains(result.best.cost))
      #expect(!result.best.levels.contains(1), "\(budget): \(result.best.levels)")
    }
  }

  @Test func `a warm start looks at uniform plans and the knapsack's first`() throws {
    let search = try SyntheticSearch(slots: 24, share: 0.3...0.6, seed: 16)
    var settings = EvolutionarySearch()
    settings.warmStart = [.uniform, .knapsack]
    let result = try search.run(.evolutionary(settings))
    #expect(abs(result.best.fitness.loss - (try search.optimum())) < 1e-9)
    let origins = result.candidates.map(\.proposal.origin)
    #expect(origins.prefix(49).allSatisfy { $0 == .sensitivity })
    #expect(origins[49] == .uniform && origins[50] == .knapsack)
    #expect(result.candidates.count == 49 + 1050)
  }

  @Test func `accuracy ranks before loss where it is the measure, and NaN ranks last`() throws {
    let search = try SyntheticSearch(slots: 2, share: 0...1, seed: 17)
    func candidate(_ correct: Int, _ loss: Double) -> Candidate<Marks> {
      Candidate(
        Proposal(levels: [0, 0], origin: .random, round: 0), cost: 10,
        fitness: Marks(correct: correct, loss: loss))
    }
    var problem = search.problem
    #expect(problem.ranksBefore(candidate(50, 0.5), candidate(60, 0.6)))
    #expect(!problem.ranksBefore(candidate(99, .nan), candidate(1, 9)))
    problem.measure = .accuracy
    #expect(problem.ranksBefore(candidate(60, 0.6), candidate(50, 0.5)))
    #expect(problem.ranksBefore(candidate(60, 0.5), candidate(60, 0.6)))
    #expect(problem.ranksBefore(candidate(1, 9), candidate(99, .nan)))
  }
}
