import SwiftletRuntime

/// The plans a search may pick from: for every layer a list of levels, from the sparsest to the densest.
public struct SearchSpace: Hashable, Sendable {
  /// A layer and what may become of it.
  public struct Slot: Hashable, Sendable {
    public let path: String
    public let levels: [LayerChoice]

    /// - Precondition: there is at least one level.
    public init(path: String, levels: [LayerChoice]) {
      precondition(!levels.isEmpty, "the slot \(path) needs at least one level")
      (self.path, self.levels) = (path, levels)
    }
  }

  public let slots: [Slot]

  public init(_ slots: [Slot]) {
    self.slots = slots
  }

  /// All pairs of these patterns and precisions for every layer, ordered by density, then by bits.
  public init(
    _ patterns: [SparsityPattern], precisions: [Precision] = [.fp32], over layers: some Sequence<String>
  ) {
    let levels = patterns.flatMap { pattern in precisions.map { LayerChoice(pattern: pattern, precision: $0) } }
      .sorted {
        ($0.pattern.density, $0.pattern.group, $0.precision.bits) < (
          $1.pattern.density, $1.pattern.group, $1.precision.bits
        )
      }
    slots = layers.map { Slot(path: $0, levels: levels) }
  }

  /// The plans that take the same choice in every slot, in the order of the first slot's levels.
  public var uniformPlans: [[Int]] {
    (slots.first?.levels ?? []).compactMap { choice in
      let levels = slots.compactMap { $0.levels.firstIndex(of: choice) }
      return levels.count == slots.count ? levels : nil
    }
  }

  /// The level of each slot in a plan, or nil where the plan is not one of the space.
  public func levels(of plan: CompressionPlan) -> [Int]? {
    let levels = slots.compactMap { slot in plan[slot.path].flatMap { slot.levels.firstIndex(of: $0) } }
    return levels.count == slots.count && plan.paths.count == slots.count ? levels : nil
  }

  /// The plan that takes level `levels[i]` of slot `i`.
  public func plan(_ levels: [Int]) -> CompressionPlan {
    precondition(levels.count == slots.count, "\(levels.count) levels for \(slots.count) slots")
    return CompressionPlan(
      Dictionary(zip(slots, levels).map { ($0.path, $0.levels[$1]) }, uniquingKeysWith: { _, last in last }))
  }
}
