/// An evaluated plan.
public struct Candidate<Score: Fitness>: Hashable, Sendable {
  public let proposal: Proposal
  public let cost: Int
  public let fitness: Score

  public init(_ proposal: Proposal, cost: Int, fitness: Score) {
    (self.proposal, self.cost, self.fitness) = (proposal, cost, fitness)
  }

  public var levels: [Int] { proposal.levels }
}
