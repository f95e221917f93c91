import Foundation

/// Draws levels that did well more often, dense ones first and sparse ones later, and leaves out those that do badly.
///
/// A level is drawn in proportion to `merit * (M/N)^exponent`. Its merit is the mean accuracy, in percent, of the
/// evaluated plans that contained it, or `1000 N/M` before any did. After an evaluation, levels that were seen often
/// enough and whose merit is below ``threshold(of:)`` are dropped; each slot keeps the best of its levels.
/// Source: the adaptive sampler of ELSA's released code. It counts the first merit as an observation, which would leave
/// levels that were not drawn ahead of all others for long.
public struct AdaptiveSampler: PlanSampler, Codable, Hashable {
  /// From -1, dense levels first, to 1, sparse levels first.
  public var exponent = -1.0
  /// Levels seen fewer times are never dropped.
  public let minimumVisits: Int
  let densities: [[Double]]
  /// By slot and level: how many evaluated plans contained it, and the sum of their accuracies in percent.
  private(set) var visits: [[Int]]
  private(set) var accuracies: [[Double]]
  private(set) var dropped: [[Bool]]

  public init(_ space: SearchSpace, minimumVisits: Int = 5) {
    densities = space.slots.map { $0.levels.map(\.sparsity.density) }
    self.minimumVisits = minimumVisits
    visits = densities.map { $0.map { _ in 0 } }
    accuracies = densities.map { $0.map { _ in 0 } }
    dropped = densities.map { $0.map { _ in false } }
  }

  public func levels(using generator: inout some RandomNumberGenerator) -> [Int] {
    densities.indices.map { slot in
      densities[slot].indices.map { level in
        dropped[slot][level] ? 0 : merit(slot, level) * pow(densities[slot][level], -exponent)
      }.randomIndex(using: &generator)
    }
  }

  /// Learns how well plans did, and drops what does badly.
  ///
  /// - Parameter evaluations: the levels of each plan, and its accuracy, 0...1.
  public mutating func learn(from evaluations: [(levels: [Int], accuracy: Double)]) {
    for (levels, accuracy) in evaluations {
      precondition(levels.count == densities.count, "\(levels.count) levels for \(densities.count) slots")
      for (slot, level) in levels.enumerated() {
        visits[slot][level] += 1
        accuracies[slot][level] += 100 * accuracy
      }
    }
    guard let threshold = Self.threshold(of: evaluations.map { 100 * $0.accuracy }) else { return }
    for slot in densities.indices {
      // Of equally good levels the sparsest stays.
      let best = densities[slot].indices.max { (merit(slot, $0), -$0) < (merit(slot, $1), -$1) }
      for level in densities[slot].indices where visits[slot][level] >= minimumVisits && level != best {
        dropped[slot][level] = merit(slot, level) < threshold
      }
      if let best { dropped[slot][best] = false }
    }
  }

  /// Below which merit a level is dropped, given the accuracies in percent of the evaluated plans.
  static func threshold(of accuracies: [Double]) -> Double? {
    guard let largest = accuracies.max() else { return nil }
    let mean = accuracies.reduce(0, +) / Double(accuracies.count)
    if mean > 20 && largest - mean >= 20 { return mean - 20 }
    if largest - mean >= 5 { return 2 * mean - largest }
    return mean - 2.5
  }

  /// Whether both choose among the same levels, and this one's tables are whole.
  public func hasSpace(of other: AdaptiveSampler) -> Bool {
    densities == other.densities
      && [visits.map(\.count), accuracies.map(\.count), dropped.map(\.count)].allSatisfy {
        $0 == densities.map(\.count)
      }
  }

  private func merit(_ slot: Int, _ level: Int) -> Double {
    let count = visits[slot][level]
    return count == 0 ? 1000 * densities[slot][level] : accuracies[slot][level] / Double(count)
  }
}
