/// Evaluates the fitness of plans, in the order given; may evaluate them side by side.
public typealias PlanEvaluation<Score: Fitness> = (_ proposals: [Proposal]) throws -> [Score]

/// What a search has seen: no plan is evaluated twice.
struct SearchHistory<Score: Fitness> {
  let problem: SearchProblem<Score>
  private let evaluation: PlanEvaluation<Score>
  private(set) var candidates: [Candidate<Score>] = []
  private var positions: [[Int]: Int] = [:]

  init(_ problem: SearchProblem<Score>, evaluation: @escaping PlanEvaluation<Score>) {
    (self.problem, self.evaluation) = (problem, evaluation)
  }

  func hasSeen(_ levels: [Int]) -> Bool { positions[levels] != nil }

  subscript(levels: [Int]) -> Candidate<Score>? { positions[levels].map { candidates[$0] } }

  /// Evaluates what is new and answers the candidates of all proposals.
  @discardableResult
  mutating func evaluate(_ proposals: [Proposal]) throws -> [Candidate<Score>] {
    var fresh: [Proposal] = []
    var asked = Set<[Int]>()
    for proposal in proposals where !hasSeen(proposal.levels) && asked.insert(proposal.levels).inserted {
      fresh.append(proposal)
    }
    let fitnesses = fresh.isEmpty ? [] : try evaluation(fresh)
    precondition(fitnesses.count == fresh.count, "the evaluation answered \(fitnesses.count) of \(fresh.count) plans")
    for (proposal, fitness) in zip(fresh, fitnesses) {
      positions[proposal.levels] = candidates.count
      candidates.append(Candidate(proposal, cost: problem.costs.total(of: proposal.levels), fitness: fitness))
    }
    return proposals.compactMap { self[$0.levels] }
  }

  /// The best candidates inside the window.
  func best(_ count: Int) -> [Candidate<Score>] {
    Array(candidates.filter { problem.window.contains($0.cost) }.sorted(by: problem.ranksBefore).prefix(count))
  }

  /// - Throws: ``SearchError`` if nothing inside the window was evaluated.
  func result() throws(SearchError) -> SearchResult<Score> {
    guard let best = best(1).first else { throw .nothingInside }
    return SearchResult(best: best, candidates: candidates)
  }
}

/// What a search found.
public struct SearchResult<Score: Fitness>: Hashable, Sendable {
  public let best: Candidate<Score>
  /// Every plan that was evaluated, in order.
  public let candidates: [Candidate<Score>]

  public init(best: Candidate<Score>, candidates: [Candidate<Score>]) {
    (self.best, self.candidates) = (best, candidates)
  }
}

/// Why a search has no answer.
public enum SearchError: Error, Hashable, Sendable, CustomStringConvertible {
  case nothingInside

  public var description: String {
    switch self {
    case .nothingInside: "the search evaluated no plan inside the budget"
    }
  }
}
