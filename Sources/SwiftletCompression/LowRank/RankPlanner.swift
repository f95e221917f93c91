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
  /// Channels of a latent that share a grid; nil is all of a group's.
  public var latentGroup: Int?
  /// Ranks of a group are multiples of it.
  public var step = 8

  /// - Parameter slots: a network's; those that are no keys or values are left out.
  public init(slots: [Slot]) {
    self.slots = slots.filter { $0.kind == .keys || $0.kind == .values }
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
  /// - Throws: ``LowRankError`` where heads do not divide, bits are none, or the allowance is out of reach.
  public func plan(keeping allowance: Allowance, bits: Int? = nil, by rule: Rule) throws(LowRankError)
    -> CompressionPlan
  {
    if let bits, bits < 16 { _ = try LatentQuantizer(bits: bits, group: latentGroup) }
    let sizes = try slots.map { slot throws(LowRankError) in try size(of: slot) }
    let allocation = RankAllocation(step: step)
    let total = try total(allowance, sizes, bits: bits)
    let ranks: [Int]
    switch rule {
    case .uniform:
      ranks = try allocation.proportional(groups(sizes) { _, width in Double(width) }, total: total)
    case .proportional(let weights):
      ranks = try allocation.proportional(
        groups(sizes) { path, _ in Self.known(path, in: weights) }, total: total)
    case .waterFilling(let energies, let costs):
      let groups = zip(slots, sizes).map { slot, size in
        RankAllocation.Group(
          width: size.width, weight: Self.known(slot.path, in: costs),
          energies: Self.known(slot.path, in: energies))
      }
      ranks = try allocation.waterFilled(groups, total: total)
    }
    var plan = CompressionPlan()
    for (slot, rank) in zip(slots, ranks) {
      var choice = LayerChoice(rank: rank, headGroup: headGroup ?? slot.heads)
      if let bits, bits < 16 {
        choice.latentGroup = latentGroup
        if slot.kind == .keys { choice.keyBits = bits } else { choice.valueBits = bits }
      }
      plan[slot.path] = choice
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

  // MARK: - Counting

  private struct Size {
    let groups, width: Int
  }

  private func size(of slot: Slot) throws(LowRankError) -> Size {
    let heads = try HeadGrouping.groups(of: headGroup ?? slot.heads).size(among: slot.heads)
    return Size(groups: slot.heads / heads, width: slot.outputs / slot.heads * heads)
  }

  private func groups(_ sizes: [Size], weight: (_ path: String, _ width: Int) -> Double) -> [RankAllocation.Group] {
    zip(slots, sizes).map { slot, size in
      RankAllocation.Group(width: size.width, weight: weight(slot.path, size.width))
    }
  }

  /// The sum of the ranks of one group of each projection. All have as many groups, so that a rank costs the same everywhere.
  private func total(_ allowance: Allowance, _ sizes: [Size], bits: Int?) throws(LowRankError) -> Int {
    let most = sizes.reduce(0) { $0 + $1.width }
    guard let first = sizes.first, sizes.allSatisfy({ $0.groups == first.groups }) else {
      throw .budget(ranks: 0, reachable: 0...most)
    }
    switch allowance {
    case .share(let share):
      return min(most, Int((share * Double(most)).rounded()) / step * step)
    case .bytesPerToken(let bytes):
      // Each projection fills up to whole bytes.
      let bits = bits ?? 16
      var total = min(most, bytes * 8 / (first.groups * bits)) / step * step
      while total > 0, self.bytes(ofTotal: total, sizes, bits: bits) > bytes { total -= step }
      return total
    }
  }

  /// The most bytes that a total of ranks can take, grids included.
  private func bytes(ofTotal total: Int, _ sizes: [Size], bits: Int) -> Int {
    guard let first = sizes.first else { return 0 }
    let slices = bits < 16 ? latentGroup.map { total / $0 } ?? sizes.count : 0
    return (total * first.groups * bits + 7 * sizes.count) / 8 + 4 * first.groups * slices
  }
}
