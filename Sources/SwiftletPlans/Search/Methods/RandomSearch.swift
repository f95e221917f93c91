/// Draws plans from the window, all plans alike, and keeps the best.
public struct RandomSearch: Hashable, Sendable {
  /// Plans to evaluate, 1 or more.
  public var count = 50

  public init(count: Int = 50) { self.count = count }

  func run(_ history: inout SearchHistory<some Fitness>, using generator: inout some RandomNumberGenerator) throws {
    let drawn = history.problem.distinct(count, using: &generator) { history.hasSeen($0) }
    try history.evaluate(drawn.map { Proposal(levels: $0, origin: .random, round: 0) })
  }
}

extension SearchProblem {
  /// Draws in vain after which a window is taken to hold no further plan, for each plan that is wanted.
  static var triesPerPlan: Int { 10 }

  /// Up to `count` different plans of the window that are not `known`; fewer where the window seems to hold no more.
  func distinct(
    _ count: Int, using generator: inout some RandomNumberGenerator, known: ([Int]) -> Bool
  ) -> [[Int]] {
    var plans: [[Int]] = []
    var seen = Set<[Int]>()
    var tries = Self.triesPerPlan * count
    while plans.count < count, tries > 0 {
      tries -= 1
      let levels = sampler.levels(using: &generator)
      if !known(levels), seen.insert(levels).inserted { plans.append(levels) }
    }
    return plans
  }
}
