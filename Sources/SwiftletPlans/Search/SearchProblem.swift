/// What a search is asked: the best plan of a space whose cost lies in a window.
public struct SearchProblem<Score: Fitness>: Sendable {
  public let space: SearchSpace
  public let costs: PlanCosts
  /// Of the total cost, both ends included; a plan reaches each end.
  public let window: ClosedRange<Int>
  /// What ranks the plans.
  public var measure: Score.Measure
  /// What each level of each slot loses by a measure that compares levels of one slot alone, such as the error of the layer's
  /// outputs: 0 where nothing is lost. Where it is there, one level of a slot is judged, and the others follow in proportion.
  public let localErrors: [[Double]]?
  let sampler: WindowSampler

  /// - Throws: at once, if no plan meets the budget.
  public init(
    _ space: SearchSpace, costs: PlanCosts, budget: Budget, measure: Score.Measure, localErrors: [[Double]]? = nil
  ) throws {
    try self.init(
      space, costs: costs, window: budget.window(in: costs), measure: measure, localErrors: localErrors)
  }

  /// - Precondition: costs and errors are those of the space.
  public init(
    _ space: SearchSpace, costs: PlanCosts, window: ClosedRange<Int>, measure: Score.Measure,
    localErrors: [[Double]]? = nil
  ) throws(BudgetError) {
    for rows in [costs.levels.map(\.count), (localErrors ?? costs.levels.map { $0.map(Double.init) }).map(\.count)] {
      precondition(
        rows == space.slots.map(\.levels.count), "SearchProblem: the costs or errors are those of another space")
    }
    (self.space, self.costs, self.window, self.measure) = (space, costs, window, measure)
    self.localErrors = localErrors
    sampler = try WindowSampler(
      costs: costs.levels, budget: window.lowerBound - costs.fixed...window.upperBound - costs.fixed)
  }

  public func isInside(_ levels: [Int]) -> Bool { window.contains(costs.total(of: levels)) }

  /// The level of each slot that keeps most (``LayerChoice/keepsLess(than:)``): of N:M patterns the densest, then the one
  /// with most bits. By time it need not be the costliest, where a sparse kernel is slower than the dense one.
  var fullest: [Int] {
    space.slots.map { slot in
      slot.levels.indices.max { slot.levels[$0].keepsLess(than: slot.levels[$1]) } ?? 0
    }
  }

  /// Better candidates first: by the measure, then by the others, then cheaper, then by the levels.
  public func ranksBefore(_ left: Candidate<Score>, _ right: Candidate<Score>) -> Bool {
    for measure in [measure] + Score.Measure.allCases.filter({ $0 != measure }) {
      let (a, b) = (left.fitness.merit(by: measure), right.fitness.merit(by: measure))
      if a != b { return a > b }
    }
    if left.cost != right.cost { return left.cost < right.cost }
    return left.levels.lexicographicallyPrecedes(right.levels)
  }
}
