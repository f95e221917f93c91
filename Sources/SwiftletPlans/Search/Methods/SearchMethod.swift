import SwiftletFiles

/// How a plan is searched for.
public enum SearchMethod: Hashable, Sendable {
  case random(RandomSearch)
  case greedy(GreedySearch)
  case knapsack(KnapsackSearch)
  case evolutionary(EvolutionarySearch)

  /// A method without its settings.
  public enum Kind: String, Hashable, Sendable, FileWord, CaseIterable { case random, greedy, knapsack, evolutionary }

  /// A method with its usual settings.
  public init(_ kind: Kind) {
    switch kind {
    case .random: self = .random(RandomSearch())
    case .greedy: self = .greedy(GreedySearch())
    case .knapsack: self = .knapsack(KnapsackSearch())
    case .evolutionary: self = .evolutionary(EvolutionarySearch())
    }
  }

  public var kind: Kind {
    switch self {
    case .random: .random
    case .greedy: .greedy
    case .knapsack: .knapsack
    case .evolutionary: .evolutionary
    }
  }

  /// Searches; equal problems, generators and fitnesses give equal results.
  ///
  /// - Throws: what the evaluation throws, or ``BudgetError`` and ``SearchError``.
  public func run<Score: Fitness>(
    _ problem: SearchProblem<Score>, using generator: inout some RandomNumberGenerator,
    evaluating evaluation: @escaping PlanEvaluation<Score>
  ) throws -> SearchResult<Score> {
    var history = SearchHistory(problem, evaluation: evaluation)
    switch self {
    case .random(let search): try search.run(&history, using: &generator)
    case .greedy(let search): try search.run(&history)
    case .knapsack(let search): try search.run(&history)
    case .evolutionary(let search): try search.run(&history, using: &generator)
    }
    return try history.result()
  }

  /// The number of evaluations if every plan that is asked for exists; nil where it depends on what is found.
  public func evaluationCount(of problem: SearchProblem<some Fitness>) -> Int? {
    let slots = problem.space.slots
    let sensitivities =
      problem.localErrors == nil ? slots.reduce(1) { $0 + $1.levels.count - 1 } : 1 + slots.count
    switch self {
    case .random(let search): return search.count
    case .greedy: return nil
    case .knapsack: return sensitivities + 1
    case .evolutionary(let search):
      return search.population * (1 + search.generations) + (search.warmStart.contains(.knapsack) ? sensitivities : 0)
    }
  }
}
