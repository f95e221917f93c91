extension SearchSpace {
  /// The plan inside a window of costs whose levels lie nearest to these densities: the least sum of squared distances,
  /// each layer counted by its weights. Exact, by ``Knapsack``.
  ///
  /// - Precondition: one density and one count of weights for each slot, and the costs are those of the space.
  /// - Throws: ``BudgetError`` if no plan lies in the window.
  public func plan(
    nearest densities: [Double], weights: [Int], costs: PlanCosts, window: ClosedRange<Int>
  ) throws(BudgetError) -> CompressionPlan {
    precondition(
      densities.count == slots.count && weights.count == slots.count,
      "\(densities.count) densities and \(weights.count) weights for \(slots.count) slots")
    let merits = slots.indices.map { slot in
      slots[slot].levels.map { level in
        let distance = level.sparsity.density - densities[slot]
        return -Double(weights[slot]) * distance * distance
      }
    }
    return plan(
      try Knapsack.best(
        merits: merits, costs: costs.levels,
        budget: window.lowerBound - costs.fixed...window.upperBound - costs.fixed))
  }
}
