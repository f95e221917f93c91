import SwiftletModels
import SwiftletPlans

/// Makes a plan of ranks for the keys and values of a language model: one pool for all layers, keys and values alike.
///
/// ```swift
/// var planner = RankPlanner(slots: model.slots)
/// planner.headGroup = 3
/// let plan = try planner.plan(keeping: .share(0.5), bits: 4, by: .uniform)
/// ```
public struct RankPlanner {
  /// Projections of keys and values, in the order of the network.
  public let slots: [Slot]
  /// Heads that share a basis; nil is all of a layer.
  public var headGroup: Int?
  /// Neighbouring layers that share a latent; 1 is each its own.
  public var layerGroup = 1
  /// Channels of a latent that share a grid; nil is all of a group's.
  public var latentGroup: Int?
  /// Ranks of a group are multiples of it.
  public var step = 8

  /// - Parameter slots: a network's; those that are no keys or values are left out.
  public init(slots: [Slot]) {
    self.slots = slots.filter(\.kind.isCached)
  }

  /// How much may be kept.
  public enum Allowance: Hashable, Sendable {
    /// A share of all ranks, above 0 and at most 1.
    case share(Double)
    /// Bytes of all layers for each token, grids included.
    case bytesPerToken(Int)
  }

  /// Who gets how much.
  public enum Rule {
    /// Every projection the same share.
    case uniform
    /// In proportion to a weight of each projection, such as its Fisher information; by paths, all of them.
    case proportional([String: Double])
    /// By the energies of each projection's directions, times what a unit of its error costs; by paths, all of them.
    case waterFilling(energies: [String: [Double]], costs: [String: Double])
  }

  /// A plan that keeps all that is allowed, but for less than a step.
  ///
  /// - Throws: ``LowRankError`` where heads do not divide, bits are none, or the allowance is out of reach,
  ///   `CompressionPlanError` where ranks and ``latentGroup`` do not fit.
  public func plan(keeping allowance: Allowance, bits: Int? = nil, by rule: Rule) throws -> CompressionPlan {
    if let bits, bits < 16 { _ = try LatentQuantizer(bits: bits, group: latentGroup) }
    let units = try units()
    let groups = try units.map { try group(of: $0, by: rule) }
    let (fewest, most) = groups.reduce((0, 0)) { ($0.0 + min(step, $1.width), $0.1 + $1.width) }
    switch allowance {
    case .share(let share):
      let total = min(most, Int((share * Double(most)).rounded()) / step * step)
      guard total >= fewest else { throw LowRankError.share(share, least: Double(fewest) / Double(most)) }
      return try plan(groups, units, total: total, bits: bits, by: rule)
    case .bytesPerToken(let bytes):
      // Codes alone would allow so much; grids and bytes that are not full take their part.
      let codeBits = try units.map { try groupCount(of: $0[0]) * (bits ?? 16) }.min() ?? 1
      var total =
        min(most, bytes.multipliedReportingOverflow(by: 8).overflow ? most : bytes * 8 / codeBits) / step * step
      while total >= fewest {
        let plan = try plan(groups, units, total: total, bits: bits, by: rule)
        if try CostModel.cacheBytes.total(of: slots, under: plan) <= bytes { return plan }
        total -= step
      }
      let least = try plan(groups, units, total: fewest, bits: bits, by: rule)
      throw LowRankError.bytesPerToken(bytes, least: try CostModel.cacheBytes.total(of: slots, under: least))
    }
  }

  /// The slots that share a latent: one each, or neighbours of a side.
  private func units() throws(LowRankError) -> [[Slot]] {
    guard layerGroup > 1 else { return slots.map { [$0] } }
    var units: [[Slot]] = []
    for kind in [Slot.Kind.keys, .values] {
      let side = slots.filter { $0.kind == kind }
      guard side.count.isMultiple(of: layerGroup) else {
        throw .layers(side.count, group: layerGroup, reason: .indivisible)
      }
      units += stride(from: 0, to: side.count, by: layerGroup).map { Array(side[$0..<$0 + layerGroup]) }
    }
    return units
  }

  private func plan(
    _ groups: [RankAllocation.Group], _ units: [[Slot]], total: Int, bits: Int?, by rule: Rule
  ) throws(LowRankError) -> CompressionPlan {
    let allocation = RankAllocation(step: step)
    let ranks =
      if case .waterFilling = rule { try allocation.waterFilled(groups, total: total) } else {
        try allocation.proportional(groups, total: total)
      }
    var plan = CompressionPlan()
    for (unit, rank) in zip(units, ranks) {
      var choice = LayerChoice(rank: rank, headGroup: headGroup ?? unit[0].heads)
      if layerGroup > 1 { choice.layerGroup = layerGroup }
      if let bits, bits < 16 {
        choice.latentGroup = latentGroup
        if unit[0].kind == .keys { choice.keyBits = bits } else { choice.valueBits = bits }
      }
      for slot in unit { plan[slot.path] = choice }
    }
    return plan
  }

  /// The energies of a projection's directions for ``Rule/waterFilling(energies:costs:)``: those of all groups together, as all
  /// get one rank.
  public static func energies(of decompositions: [LowRankDecomposition]) -> [Double] {
    guard let first = decompositions.first else { return [] }
    return first.energies.indices.map { i in decompositions.reduce(0) { $0 + $1.energies[i] } }
  }

  private static func known<Value>(_ path: String, in values: [String: Value]) -> Value {
    guard let value = values[path] else { preconditionFailure("RankPlanner: nothing is known of \(path)") }
    return value
  }

  private func groupCount(of slot: Slot) throws(LowRankError) -> Int {
    slot.heads / (try HeadGrouping(of: headGroup).size(among: slot.heads))
  }

  /// A group of heads of projections that share a latent; all of their groups get the same rank.
  private func group(of unit: [Slot], by rule: Rule) throws(LowRankError) -> RankAllocation.Group {
    let slot = unit[0]
    let width = min(unit.count * slot.outputs / (try groupCount(of: slot)), slot.inputs)
    switch rule {
    case .uniform: return RankAllocation.Group(width: width, weight: Double(width))
    case .proportional(let weights):
      return RankAllocation.Group(
        width: width, weight: unit.reduce(0) { $0 + Self.known($1.path, in: weights) } / Double(unit.count))
    case .waterFilling(let energies, let costs):
      guard unit.count == 1 else { throw .layers(slots.count / 2, group: unit.count, reason: .otherRule) }
      return RankAllocation.Group(
        width: width, weight: Self.known(slot.path, in: costs), energies: Self.known(slot.path, in: energies))
    }
  }
}
