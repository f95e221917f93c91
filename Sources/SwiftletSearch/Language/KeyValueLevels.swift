import SwiftletCompression
import SwiftletPlans
import SwiftletTraining

/// What may become of a layer's keys, or values: every rank in every number of bits, for each way of grouping heads.
public struct KeyValueLevels: Hashable, Sendable {
  /// Heads that share a basis; nil is all of a layer. Those that do not divide a network's heads are left out.
  public var headGroups: [Int]?
  /// Ranks as shares of a group's width, above 0 and at most 1.
  public var shares = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1]
  /// Ranks are multiples of it, or a group's whole width.
  public var step = 8
  /// 2, 3, 4, 8, or 16, which rounds nothing: with it and all ranks, what a level does is measured beside the network as it is.
  public var bits = [2, 3, 4, 8, 16]
  /// Values of a latent that share a grid; nil is all of a group's. Ranks that it does not divide are left out.
  public var latentGroup: Int?
  /// Whether projections may also stay, and their heads be turned and rounded whole.
  public var keepsProjections = true

  public init() {}

  /// The search space over the keys and values among a network's layers.
  ///
  /// - Throws: ``LowRankError`` if no group divides the heads, `CompressionPlanError` where a choice has no cost.
  public func space(over layers: [Slot]) throws -> SearchSpace {
    try SearchSpace(
      layers.filter(\.kind.isCached).flatMap { layer in
        try SearchSpace(choices(for: layer), over: [layer], by: .cacheBytes).slots
      })
  }

  private func choices(for layer: Slot) throws(LowRankError) -> [LayerChoice] {
    let wanted = headGroups ?? [layer.heads]
    let groups = wanted.filter { layer.heads.isMultiple(of: $0) }
    guard !groups.isEmpty else { throw .indivisibleHeads(heads: layer.heads, group: wanted[0]) }
    func choice(_ rank: Int?, _ group: Int, _ bits: Int) -> LayerChoice {
      let kept = bits < 16 ? bits : nil
      var choice = LayerChoice(
        rank: rank, headGroup: group, keyBits: layer.kind == .keys ? kept : nil,
        valueBits: layer.kind == .values ? kept : nil)
      if kept != nil { choice.latentGroup = latentGroup }
      return choice
    }
    var found: [LayerChoice] = []
    for group in groups {
      let width = layer.outputs / layer.heads * group
      let ranks = Set(
        shares.map { share in
          let steps = (share * Double(width) / Double(step)).rounded()
          return share == 1 ? width : min(width, max(1, Int(steps)) * step)
        }.filter { $0 <= layer.inputs })
      for rank in ranks.sorted() {
        for bits in bits where bits == 16 || rank.isMultiple(of: latentGroup ?? 1) {
          found.append(choice(rank, group, bits))
        }
      }
    }
    if keepsProjections {
      let width = layer.outputs / layer.heads
      found += bits.filter { $0 < 16 && width.isMultiple(of: latentGroup ?? 1) }.map { choice(nil, 1, $0) }
    }
    return found
  }
}

extension KeyValueLevels: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("headGroups", \.headGroups).writingNull().checked { levels, place in
      guard let groups = levels.headGroups else { return }
      if groups.isEmpty || groups.contains(where: { $0 < 1 }) {
        throw RecipeError(place, "is \(groups), expected numbers of heads, or null for all of a layer")
      }
    }
    Key("shares", \.shares).checked { levels, place in
      if levels.shares.isEmpty || levels.shares.contains(where: { !($0 > 0 && $0 <= 1) }) {
        throw RecipeError(place, "is \(levels.shares), expected shares above 0 and at most 1")
      }
    }
    Key("step", \.step, .in(1...65_536))
    Key("bits", \.bits).checked { levels, place in
      let known = LatentQuantizer.choices
      if levels.bits.isEmpty || levels.bits.contains(where: { !known.contains($0) }) {
        throw RecipeError(place, "is \(levels.bits), expected some of \(known.sorted())")
      }
    }
    Key("latentGroup", \.latentGroup, .in(1...65_536)).writingNull()
    Key("keepsProjections", \.keepsProjections)
  }
}
