/// All ways to choose one level a slot whose costs add up to a sum in a window, in a table over whole cost units.
///
/// The unit is the greatest common divisor of all cost differences, so that DeiT-B's 48 layers in 1:4, 2:4 and 4:4 need
/// 577 sums. What the table answers is exact: no rejection, no rounding of the budget.
struct BudgetTable: Sendable {
  /// Cost of each level above the slot's cheapest, in units.
  let units: [[Int]]
  /// The sums of `units` that lie in the window.
  let window: ClosedRange<Int>
  /// The cost of the cheapest choice, and of one unit.
  private let floor, unit: Int

  /// More sums than this are refused: the costs have no useful common unit.
  static let largestWindow = 4_000_000

  /// - Parameters:
  ///   - costs: the cost of each level of each slot, in any unit.
  ///   - budget: the window of the summed cost, both ends included.
  init(costs: [[Int]], budget: ClosedRange<Int>) throws(BudgetError) {
    let cheapest = costs.map { $0.min() ?? 0 }
    let floor = cheapest.reduce(0, +)
    let ceiling = costs.reduce(0) { $0 + ($1.max() ?? 0) }
    var unit = 0
    for (row, base) in zip(costs, cheapest) {
      for cost in row { unit = Self.greatestCommonDivisor(unit, cost - base) }
    }
    unit = max(unit, 1)
    units = zip(costs, cheapest).map { [unit] row, base in row.map { ($0 - base) / unit } }
    (self.floor, self.unit) = (floor, unit)

    let low = max(budget.lowerBound, floor)
    let high = min(budget.upperBound, ceiling)
    // Round inwards to whole units.
    let first = low - floor > 0 ? (low - floor + unit - 1) / unit : 0
    guard high >= floor, low <= high, first <= (high - floor) / unit else {
      throw .unsatisfiable(budget: budget, reachable: floor...ceiling)
    }
    window = first...((high - floor) / unit)
    guard window.upperBound <= Self.largestWindow else { throw .tooFine(sums: window.upperBound) }
  }

  /// The least and the greatest cost in the window that a choice has, or nil where none does.
  var reachable: ClosedRange<Int>? {
    var reached = [Bool](repeating: false, count: window.upperBound + 1)
    reached[0] = true
    for row in units {
      var next = [Bool](repeating: false, count: reached.count)
      for cost in Set(row) where cost < reached.count {
        for sum in cost..<reached.count where reached[sum - cost] { next[sum] = true }
      }
      reached = next
    }
    guard let first = window.first(where: { reached[$0] }), let last = window.last(where: { reached[$0] }) else {
      return nil
    }
    return floor + first * unit...floor + last * unit
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}

/// Why a budget cannot be met.
public enum BudgetError: Error, Hashable, Sendable {
  case unsatisfiable(budget: ClosedRange<Int>, reachable: ClosedRange<Int>)
  case tooFine(sums: Int)
  case unequalLevels
}

extension BudgetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsatisfiable(let budget, let reachable):
      "no plan costs between \(budget.lowerBound) and \(budget.upperBound): the space reaches "
        + "\(reachable.lowerBound) to \(reachable.upperBound), and not every sum between"
    case .tooFine(let sums):
      "the costs have \(sums) different sums, at most \(BudgetTable.largestWindow) are searched exactly: "
        + "round the costs to a common unit"
    case .unequalLevels:
      "size-stratified sampling needs the same number of levels in every slot: "
        + "use uniform or windowed sampling for this space"
    }
  }
}
