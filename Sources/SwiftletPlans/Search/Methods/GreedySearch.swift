import SwiftletFiles

/// One step at a time the move of a single slot that pays best: the least harm for the cost it saves, or the most good
/// for the cost it adds.
///
/// Each step evaluates the next level of every slot, so a search takes about slots times steps evaluations.
public struct GreedySearch: Hashable, Sendable {
  public enum Start: String, Hashable, Sendable, FileWord, CaseIterable {
    /// From the plan that keeps most down, until it fits.
    case fullest
    /// From the cheapest plan up, as long as it fits.
    case cheapest
  }

  public var start = Start.fullest

  public init(from start: Start = .fullest) { self.start = start }

  func run(_ history: inout SearchHistory<some Fitness>) throws {
    let problem = history.problem
    let costs = problem.costs
    // The levels of each slot from cheap to costly.
    let order = costs.levels.map { row in row.indices.sorted { (row[$0], $0) < (row[$1], $1) } }
    var places = order.map { _ in 0 }
    if start == .fullest {
      places = zip(order, problem.fullest).map { $0.firstIndex(of: $1) ?? 0 }
      // A budget that starts above the fullest plan is met by plans that only cost more.
      if !canFinish(from: places, order: order, problem: problem) { places = order.map { $0.count - 1 } }
    }
    let step = start == .fullest ? -1 : 1
    func levels(_ places: [Int]) -> [Int] { zip(order, places).map { $0[$1] } }

    var current = try history.evaluate([Proposal(levels: levels(places), origin: .greedy, round: 0)])[0]
    var round = 1
    while start == .cheapest || !problem.window.contains(current.cost) {
      let moves = places.indices.compactMap { slot -> [Int]? in
        var moved = places
        moved[slot] += step
        guard order[slot].indices.contains(moved[slot]) else { return nil }
        return canFinish(from: moved, order: order, problem: problem) ? moved : nil
      }
      if moves.isEmpty { break }
      let candidates = try history.evaluate(
        moves.map { Proposal(levels: levels($0), origin: .greedy, round: round) })
      guard
        let chosen = moves.indices.max(by: {
          worth(candidates[$0], current, problem) < worth(candidates[$1], current, problem)
        })
      else { break }
      (places, current) = (moves[chosen], candidates[chosen])
      round += 1
    }
  }

  /// The merit gained for each unit of cost; going down, less lost for more saved is more.
  private func worth<Score: Fitness>(
    _ candidate: Candidate<Score>, _ current: Candidate<Score>, _ problem: SearchProblem<Score>
  ) -> Double {
    let gain =
      max(-1e9, candidate.fitness.merit(by: problem.measure)) - max(-1e9, current.fitness.merit(by: problem.measure))
    let cost = Double(max(1, abs(candidate.cost - current.cost)))
    // Something gained while saving is worth more the more it saves; something lost, less.
    return start == .fullest && gain > 0 ? gain * cost : gain / cost
  }

  /// Whether moving on in the same direction can still end inside the window.
  private func canFinish(from places: [Int], order: [[Int]], problem: SearchProblem<some Fitness>) -> Bool {
    let costs = problem.costs
    let rest = places.indices.map { slot in
      let reachable = start == .fullest ? order[slot][...places[slot]] : order[slot][places[slot]...]
      return reachable.map { costs.levels[slot][$0] }
    }
    let budget = problem.window.lowerBound - costs.fixed...problem.window.upperBound - costs.fixed
    return (try? BudgetTable(costs: rest, budget: budget))?.reachable != nil
  }
}
