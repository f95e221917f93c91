import SwiftletFiles

/// What the plans of a search space cost, in whole numbers that add up: a fixed part and one number for each level of
/// each slot.
public struct PlanCosts: Hashable, Sendable {
  /// What is counted.
  public enum Unit: String, Hashable, Sendable, FileWord, CaseIterable {
    /// Of one image, as the literature counts FLOPs (``MultiplyAdds/published``).
    case multiplyAdds
    /// Packed weights of the compressible layers (``CostModel/packedBytes``).
    case bytes
    /// Of each token, in a cache of keys and values (``CostModel/cacheBytes``).
    case cacheBytes
    /// Of one forward pass, measured.
    case nanoseconds
    /// In multiply-adds at the rate of an accelerator's dense reference engine, for accelerators known by their speeds.
    case denseMultiplyAdds
  }

  public let unit: Unit
  /// What every plan spends.
  public let fixed: Int
  /// The cost of each level of each slot, in the order of the space.
  public let levels: [[Int]]
  /// The dense network's total, which shares refer to.
  public let dense: Int

  /// - Precondition: every slot has a level, and the dense network costs something.
  public init(_ unit: Unit, fixed: Int, levels: [[Int]], dense: Int) {
    precondition(!levels.contains { $0.isEmpty }, "PlanCosts: a slot has no level")
    precondition(dense > 0, "PlanCosts: the dense network costs \(dense)")
    (self.unit, self.fixed, self.levels, self.dense) = (unit, fixed, levels, dense)
  }

  /// The cost of a plan, by its level in each slot.
  public func total(of plan: [Int]) -> Int { zip(levels, plan).reduce(fixed) { $0 + $1.0[$1.1] } }

  /// From the cheapest plan's cost to the costliest one's.
  public var range: ClosedRange<Int> {
    levels.reduce(fixed) { $0 + ($1.min() ?? 0) }...levels.reduce(fixed) { $0 + ($1.max() ?? 0) }
  }

  /// The costs rounded to multiples of a common unit, so that the plans have at most about `sums` different totals.
  ///
  /// Measured times have no common unit of their own. Each level is off by at most half the unit, a ten-thousandth of
  /// the range for the usual `sums`.
  public func rounded(toSums sums: Int = 10_000) -> PlanCosts {
    let unit = max(1, (range.upperBound - range.lowerBound + sums - 1) / sums)
    return PlanCosts(
      self.unit, fixed: fixed, levels: levels.map { row in row.map { ($0 + unit / 2) / unit * unit } }, dense: dense)
  }
}

extension PlanCosts {
  /// Multiply-adds of one image, as published.
  ///
  /// - Throws: if the model lacks a slot of the space, or a level's groups do not divide its width.
  public static func multiplyAdds(
    of space: SearchSpace, in model: MultiplyAdds
  ) throws(CompressionPlanError) -> PlanCosts {
    try counted(
      .multiplyAdds, space, in: model.slots, fixed: model.published.fixed, by: CostModel.multiplyAdds.callAsFunction)
  }

  /// Bytes of the packed weights of the compressible layers; the dense network's are in fp32.
  ///
  /// - Throws: if the model lacks a slot of the space, or a level's groups do not divide its width.
  public static func packedBytes(
    of space: SearchSpace, in model: MultiplyAdds
  ) throws(CompressionPlanError) -> PlanCosts {
    try counted(.bytes, space, in: model.slots, fixed: 0, by: CostModel.packedBytes.callAsFunction)
  }

  /// Bytes of a cache of keys and values for each token; the network's as it is are in 16 bits.
  ///
  /// - Throws: ``BudgetUnitError`` for a network that remembers nothing, ``CompressionPlanError`` if it lacks a slot of the
  ///   space or a choice has no formula.
  public static func cacheBytes(of space: SearchSpace, in slots: [Slot]) throws -> PlanCosts {
    guard slots.contains(where: \.kind.isCached) else {
      throw BudgetUnitError(quantity: .kv, unit: .cacheBytes)
    }
    return try counted(.cacheBytes, space, in: slots, fixed: 0, by: CostModel.cacheBytes.callAsFunction)
  }

  /// Costs by a rule for one layer; layers outside the space stay as they are.
  static func counted(
    _ unit: Unit, _ space: SearchSpace, in network: [Slot], fixed: Int,
    by cost: (Slot, LayerChoice) throws(CompressionPlanError) -> Int
  ) throws(CompressionPlanError) -> PlanCosts {
    let layers = Dictionary(network.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var dense = fixed
    for layer in network { dense += try cost(layer, LayerChoice()) }
    var rest = dense
    var levels: [[Int]] = []
    for slot in space.slots {
      var row = slot.levels.map { _ in 0 }
      for path in slot.paths {
        for level in slot.levels { try CompressionPlan([path: level]).validate(for: network) }
        guard let layer = layers[path] else { continue }  // `validate` has found it.
        rest -= try cost(layer, LayerChoice())
        for (place, level) in slot.levels.enumerated() { row[place] += try cost(layer, level) }
      }
      levels.append(row)
    }
    return PlanCosts(unit, fixed: rest, levels: levels, dense: dense)
  }
}

extension PlanCosts.Unit {
  /// What is counted, in words.
  public var title: String {
    switch self {
    case .multiplyAdds: "multiply-adds as published"
    case .bytes: "packed bytes"
    case .cacheBytes: "bytes a token"
    case .nanoseconds: "time"
    case .denseMultiplyAdds: "time on the accelerator"
    }
  }

  /// An amount with its unit, for people: `1.96 G multiply-adds`, `12.3 ms`.
  public func text(_ amount: Int) -> String {
    switch self {
    case .multiplyAdds: "\(Self.scaled(amount)) multiply-adds as published"
    case .denseMultiplyAdds: "\(Self.scaled(amount)) multiply-adds at the dense rate"
    case .bytes: "\(Self.scaled(amount))B"
    case .cacheBytes: "\(Self.scaled(amount))B a token"
    case .nanoseconds: "\((Double(amount) / 1000).rounded() / 1000) ms"
    }
  }

  /// Three or four digits and k, M or G.
  public static func scaled(_ amount: Int) -> String {
    let (divisor, letter) =
      switch amount {
      case 1_000_000_000...: (1_000_000, "G")
      case 1_000_000...: (1000, "M")
      case 10_000...: (1, "k")
      default: (0, "")
      }
    return divisor == 0 ? "\(amount) " : "\((Double(amount) / Double(divisor)).rounded() / 1000) \(letter)"
  }
}
