import SwiftletRuntime

/// The plans a search may pick from: for every layer a list of levels, from cheap to costly.
///
/// Levels are ordered by what a layer costs at them in work, and by bits where that is equal. What they cost in the quantity of
/// a budget is ``PlanCosts``' business, and may be in another order: a sparse kernel can be slower than the dense one.
public struct SearchSpace: Hashable, Sendable {
  /// A layer, or several that are tied, and what may become of it.
  public struct Slot: Hashable, Sendable {
    public let path: String
    public let levels: [LayerChoice]
    /// Further layers that take the same choice.
    public let tied: [String]

    /// - Precondition: there is at least one level.
    public init(path: String, levels: [LayerChoice], tied: [String] = []) {
      precondition(!levels.isEmpty, "the slot \(path) needs at least one level")
      (self.path, self.levels, self.tied) = (path, levels, tied)
    }

    /// All layers that take the choice.
    public var paths: [String] { [path] + tied }
  }

  public let slots: [Slot]

  public init(_ slots: [Slot]) {
    self.slots = slots
  }

  /// Of each layer those choices that make sense for it, from cheap to costly; tied layers are one slot.
  ///
  /// - Parameter costs: what the levels are ordered by; where it is equal, what keeps less comes first.
  /// - Throws: ``CompressionPlanError`` if none of the choices makes sense for a layer, or its cost has no formula.
  public init(
    _ choices: [LayerChoice], over layers: [SwiftletPlans.Slot], by costs: CostModel = .multiplyAdds
  ) throws(CompressionPlanError) {
    var slots: [Slot] = []
    var places: [String: Int] = [:]
    for layer in layers {
      if let tie = layer.tie, let place = places[tie] {
        let slot = slots[place]
        slots[place] = Slot(path: slot.path, levels: slot.levels, tied: slot.tied + [layer.path])
        continue
      }
      var levels: [(cost: Int, choice: LayerChoice)] = []
      for choice in choices where layer.axes.isSuperset(of: choice.decided) {
        levels.append((try costs(layer, choice), choice))
      }
      guard !levels.isEmpty else { throw .noChoice(path: layer.path) }
      levels.sort { $0.cost != $1.cost ? $0.cost < $1.cost : $0.choice.keepsLess(than: $1.choice) }
      if let tie = layer.tie { places[tie] = slots.count }
      slots.append(Slot(path: layer.path, levels: levels.map(\.choice)))
    }
    self.slots = slots
  }

  /// All pairs of these patterns and precisions for every layer, ordered by the multiply-adds that are left, which are in
  /// proportion to the density, then by group and bits.
  public init(
    _ patterns: [SparsityPattern], precisions: [Precision] = [.fp32], over layers: some Sequence<String>
  ) {
    let levels = patterns.flatMap { pattern in precisions.map { LayerChoice(pattern: pattern, precision: $0) } }
      .sorted {
        ($0.sparsity.density, $0.sparsity.group, $0.format.bits) < (
          $1.sparsity.density, $1.sparsity.group, $1.format.bits
        )
      }
    slots = layers.map { Slot(path: $0, levels: levels) }
  }

  /// The plans that take the same choice in every slot, in the order of the first slot's levels; keys and values in as many
  /// bits are the same.
  public var uniformPlans: [[Int]] {
    (slots.first?.levels ?? []).compactMap { choice in
      let levels = slots.compactMap { $0.levels.firstIndex { $0.isLike(choice) } }
      return levels.count == slots.count ? levels : nil
    }
  }

  /// The level of each slot in a plan, or nil where the plan is not one of the space.
  public func levels(of plan: CompressionPlan) -> [Int]? {
    let levels = slots.compactMap { slot in plan[slot.path].flatMap { slot.levels.firstIndex(of: $0) } }
    return levels.count == slots.count && self.plan(levels) == plan ? levels : nil
  }

  /// The plan that takes level `levels[i]` of slot `i`.
  public func plan(_ levels: [Int]) -> CompressionPlan {
    precondition(levels.count == slots.count, "\(levels.count) levels for \(slots.count) slots")
    let choices = zip(slots, levels).flatMap { slot, level in slot.paths.map { ($0, slot.levels[level]) } }
    return CompressionPlan(Dictionary(choices, uniquingKeysWith: { _, last in last }))
  }
}
