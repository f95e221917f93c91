import SwiftletPlans

/// What a search tells its observer.
public enum SearchEvent<Score: PlanScore>: Sendable {
  /// One sentence about the space, the budget and what plans are judged on.
  case started(String)
  case evaluated(SearchProgress<Score>)
  /// Nothing follows, whether the search is complete, interrupted or failed.
  case stopped
}

/// Where a search stands.
public struct SearchProgress<Score: PlanScore>: Hashable, Sendable {
  public let done: Int
  /// Nil where nobody knows.
  public let total: Int?
  public let candidate: Candidate<Score>
  /// The best inside the window so far.
  public let best: Candidate<Score>?
  /// Since the first plan.
  public let seconds: Double
}
