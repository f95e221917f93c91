import SwiftletRuntime

/// Finds how a number that several runs show follows from an axis.
///
/// Any number of functions go through a few points. Taken is what the trace knows already: a length of the tensors at
/// hand, one of any earlier tensor, and after those a multiple of one, shifted. Lowering checks each against the rule of the
/// operation that computes it, so a wrong guess is refused.
struct LengthFinder {
  let axes: [TracedAxis]
  /// The lengths of every axis in each run.
  let runs: [Graph.AxisLengths]
  /// Lengths that are likely, most likely first.
  var nearby: Graph.Shape = []
  private var earlier: [Graph.Dimension] = []

  init(axes: [TracedAxis], runs: [Graph.AxisLengths]) {
    (self.axes, self.runs) = (axes, runs)
    earlier = axes.map { .axis($0.axis.name) }
  }

  mutating func remember(_ shape: Graph.Shape) {
    for dimension in shape where dimension.axisName != nil && !earlier.contains(dimension) {
      earlier.append(dimension)
    }
  }

  /// Nil where nothing known explains the numbers, one of each run.
  func dimension(of numbers: [Int]) -> Graph.Dimension? {
    guard numbers.contains(where: { $0 != numbers[0] }) else { return .fixed(numbers[0]) }
    // The other axes stand still where one moves, so that numbers that move with two fit neither.
    let candidates = (nearby + earlier).filter { $0.axisName != nil }
    return candidates.first { lengths($0) == numbers }
      ?? candidates.lazy.compactMap { scaled($0, to: numbers) }.first
  }

  private func lengths(_ dimension: Graph.Dimension) -> [Int] { runs.map { dimension.length($0) } }

  /// The candidate times a number, plus a number; two lengths show multiples alone.
  private func scaled(_ candidate: Graph.Dimension, to numbers: [Int]) -> Graph.Dimension? {
    let known = lengths(candidate)
    guard let run = known.indices.first(where: { known[$0] != known[0] }) else { return nil }
    let (slope, rest) = (numbers[run] - numbers[0]).quotientAndRemainder(dividingBy: known[run] - known[0])
    let offset = numbers[0] - slope * known[0]
    let points = axes.first { $0.axis.name == candidate.axisName }?.lengths.count ?? 0
    guard rest == 0, slope >= 1, offset == 0 || points > 2,
      let dimension = candidate.multiplied(by: slope)?.adding(offset), lengths(dimension) == numbers
    else { return nil }
    return dimension
  }
}
