import SwiftletModels

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

  /// The same levels for every layer, ordered by density.
  public init(_ levels: [SparsityPattern], precision: Precision = .fp32, over layers: some Sequence<String>) {
    let levels = levels.sorted { ($0.density, $0.group) < ($1.density, $1.group) }
    slots = layers.map { Slot(path: $0, levels: levels.map { LayerChoice(pattern: $0, precision: precision) }) }
  }

  /// The plan that takes level `levels[i]` of slot `i`.
  public func plan(_ levels: [Int]) -> CompressionPlan {
    precondition(levels.count == slots.count, "\(levels.count) levels for \(slots.count) slots")
    return CompressionPlan(
      Dictionary(zip(slots, levels).map { ($0.path, $0.levels[$1]) }, uniquingKeysWith: { _, last in last }))
  }

  /// Multiply-adds of each level of each slot, in the order of the slots.
  ///
  /// - Throws: if the model has no such layer, or a level's groups do not divide its width.
  public func multiplyAdds(_ model: MultiplyAdds) throws(CompressionPlanError) -> [[Int]] {
    let layers = Dictionary(model.slots.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var costs: [[Int]] = []
    for slot in slots {
      var row: [Int] = []
      for level in slot.levels {
        try CompressionPlan([slot.path: level]).validate(for: model)
        if let layer = layers[slot.path] { row.append(layer.multiplyAdds(level.pattern)) }
      }
      costs.append(row)
    }
    return costs
  }
}
