import SwiftletFiles

/// Evolution inside the window: the best plans so far are changed and mixed, generation by generation.
///
/// The first generation is drawn from the window. Each later one holds mutants and crossovers of the best plans seen,
/// and random plans only where those fall short. Nothing outside the window and nothing twice is evaluated; 50 + 20 * 50
/// = 1050 evaluations by default. Source: ELSA's search (SparsifyViT), after Guo et al., "Single Path One-Shot Neural
/// Architecture Search with Uniform Sampling" (2020), algorithm 1.
public struct EvolutionarySearch: Hashable, Sendable {
  /// How a plan is changed.
  public enum Mutation: Hashable, Sendable {
    /// Each slot, with this probability, draws a level anew; results outside the budget are dropped.
    case resample(probability: Double)
    /// One slot gets a costlier level and others cheaper ones until the budget is kept, one to three times.
    /// Source: Sieberling et al., "EvoPress" (2024), section 3, with costs in place of levels.
    case swap
  }

  /// A plan to begin with besides random ones.
  public enum WarmStart: String, Hashable, Sendable, FileWord, CaseIterable {
    /// The same choice everywhere, where that keeps the budget.
    case uniform
    /// What ``KnapsackSearch`` finds; its sensitivities are evaluated on top.
    case knapsack
  }

  /// Plans in each generation.
  public var population = 50
  /// The best plans, from all generations, that the next generation comes from.
  public var parents = 10
  /// Generations after the first.
  public var generations = 20
  public var mutants = 25
  public var crossovers = 25
  public var mutation = Mutation.resample(probability: 0.2)
  public var warmStart: [WarmStart] = []

  public init() {}

  func run<Score: Fitness>(_ history: inout SearchHistory<Score>, using generator: inout some RandomNumberGenerator)
    throws
  {
    precondition(
      mutants + crossovers <= population && parents > 0 && population > 0,
      "EvolutionarySearch: \(mutants) mutants and \(crossovers) crossovers are no population of \(population)")
    let problem = history.problem
    var first = try warmPlans(&history)
    let missing = max(0, population - first.count)
    first += problem.distinct(missing, using: &generator) { plan in
      history.hasSeen(plan) || first.contains { $0.levels == plan }
    }.map { Proposal(levels: $0, origin: .random, round: 0) }
    try history.evaluate(first)

    for round in 1..<(generations + 1) {
      let elite = history.best(parents).map(\.levels)
      guard !elite.isEmpty else { break }
      var next = Generation(round: round, problem: problem)
      next.add(mutants, .mutant, unlike: history, using: &generator) { generator in
        mutated(elite.randomElement(using: &generator) ?? elite[0], problem, using: &generator)
      }
      next.add(crossovers, .crossover, unlike: history, using: &generator) { generator in
        let (one, other) = (
          elite.randomElement(using: &generator) ?? elite[0], elite.randomElement(using: &generator) ?? elite[0]
        )
        return zip(one, other).map { Bool.random(using: &generator) ? $0 : $1 }
      }
      next.add(population - next.proposals.count, .random, unlike: history, using: &generator) { generator in
        problem.sampler.levels(using: &generator)
      }
      if next.proposals.isEmpty { break }  // The window holds no other plan.
      try history.evaluate(next.proposals)
    }
  }

  private func warmPlans(_ history: inout SearchHistory<some Fitness>) throws -> [Proposal] {
    let problem = history.problem
    var plans: [Proposal] = []
    for start in WarmStart.allCases where warmStart.contains(start) {
      switch start {
      case .uniform:
        plans += problem.space.uniformPlans.filter(problem.isInside)
          .map { Proposal(levels: $0, origin: .uniform, round: 0) }
      case .knapsack:
        plans.append(Proposal(levels: try KnapsackSearch().plan(&history), origin: .knapsack, round: 0))
      }
    }
    return plans
  }

  private func mutated(
    _ levels: [Int], _ problem: SearchProblem<some Fitness>, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    switch mutation {
    case .resample(let probability):
      return levels.indices.map { slot in
        Double.random(in: 0..<1, using: &generator) < probability
          ? Int.random(in: problem.costs.levels[slot].indices, using: &generator) : levels[slot]
      }
    case .swap:
      var child = levels
      let swaps = min(Int.random(in: 1...3, using: &generator), Int.random(in: 1...3, using: &generator))
      for _ in 0..<swaps { swapLevels(&child, problem, using: &generator) }
      return child
    }
  }

  /// Raises one slot, then lowers others in random order until the total is no longer above the window.
  private func swapLevels(
    _ levels: inout [Int], _ problem: SearchProblem<some Fitness>, using generator: inout some RandomNumberGenerator
  ) {
    let costs = problem.costs.levels
    func others(_ slot: Int, than level: Int, _ isWanted: (Int, Int) -> Bool) -> [Int] {
      costs[slot].indices.filter { isWanted(costs[slot][$0], costs[slot][level]) }
    }
    let raisable = levels.indices.filter { slot in !others(slot, than: levels[slot], >).isEmpty }
    guard let raised = raisable.randomElement(using: &generator) else { return }
    levels[raised] =
      others(raised, than: levels[raised], >).randomElement(using: &generator) ?? levels[raised]
    for slot in levels.indices.shuffled(using: &generator) where slot != raised {
      if problem.costs.total(of: levels) <= problem.window.upperBound { return }
      levels[slot] = others(slot, than: levels[slot], <).randomElement(using: &generator) ?? levels[slot]
    }
  }

  /// The plans of one generation, while they are gathered.
  private struct Generation<Score: Fitness> {
    let round: Int
    let problem: SearchProblem<Score>
    var proposals: [Proposal] = []
    private var taken = Set<[Int]>()

    init(round: Int, problem: SearchProblem<Score>) { (self.round, self.problem) = (round, problem) }

    /// Adds up to `count` new plans inside the window; a quota that runs dry stays short.
    mutating func add<Random: RandomNumberGenerator>(
      _ count: Int, _ origin: Proposal.Origin, unlike history: SearchHistory<Score>, using generator: inout Random,
      make: (inout Random) -> [Int]
    ) {
      var (wanted, tries) = (count, SearchProblem<Score>.triesPerPlan * count)
      while wanted > 0, tries > 0 {
        tries -= 1
        let levels = make(&generator)
        guard problem.isInside(levels), !history.hasSeen(levels), taken.insert(levels).inserted else { continue }
        proposals.append(Proposal(levels: levels, origin: origin, round: round))
        wanted -= 1
      }
    }
  }
}
