import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

/// How keys and values are decomposed, beside what a plan decides of ranks and bits.
public struct LowRankMethod: Hashable, Sendable {
  public var route = LowRankDecomposition.Route.eigen
  public var rotation = LatentRotation.hadamard
  /// Whether errors of keys count by the queries' energy, and errors of values by the output layer.
  public var weighsKeys = false, weighsValues = false
  /// Of drawn rotations.
  public var seed = 0
  /// What a cache keeps whole beside the latents.
  public var whole = WholeTokens()

  public init() {}

  /// What the directions of a basis depend on. Rotations come behind them, and whole tokens beside them.
  public struct Bases: Hashable, Sendable {
    public let route: LowRankDecomposition.Route
    public let weighsKeys, weighsValues: Bool
  }

  public var bases: Bases { Bases(route: route, weighsKeys: weighsKeys, weighsValues: weighsValues) }
}

extension LowRankMethod: CustomStringConvertible {
  /// `eigen, hadamard rotation, weighed keys and values, 4 first tokens whole`; two methods that are not equal differ in it.
  public var description: String {
    ([route.rawValue, "\(rotation.rawValue) rotation"] + details).joined(separator: ", ")
  }

  /// What is not as usual.
  package var differences: [String] {
    let usual = LowRankMethod()
    return (route == usual.route ? [] : [route.rawValue])
      + (rotation == usual.rotation ? [] : ["\(rotation.rawValue) rotation"]) + details
  }

  private var details: [String] {
    var words: [String] = []
    if seed != 0 { words.append("seed \(seed)") }
    let weighed = [weighsKeys ? "keys" : nil, weighsValues ? "values" : nil].compactMap(\.self)
    if !weighed.isEmpty { words.append("weighed \(weighed.joined(separator: " and "))") }
    let kept = [(whole.newest, "newest"), (whole.first, "first")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if !kept.isEmpty { words.append("\(kept.joined(separator: " and ")) tokens whole") }
    return words
  }
}

extension LayerChoice {
  /// What ``SwiftletModels/LlamaModel/decompose(to:for:by:)`` carries out.
  public static let decomposable: Set<Axis> = [
    .rank, .headGroup, .layerGroup, .latentGroup, .keyBits, .valueBits,
  ]
}

extension LlamaModel {
  /// Puts projections through latents, and latents in few bits, where the plan has them. A layer with bits and without a
  /// rank keeps its projection: its heads are turned and rounded whole, so `headGroup` is 1 there.
  ///
  /// - Parameter statistics: of each layer, from ``keyValueStatistics(on:samplesPerBatch:progress:)``.
  /// - Throws: `CompressionPlanError` if the plan does not fit or decides what is not carried out here, ``LowRankError``.
  public func decompose(
    to plan: CompressionPlan, for statistics: [KeyValueStatistics], by method: LowRankMethod = LowRankMethod()
  ) throws {
    try decompose(to: plan, with: KeyValueDecompositions(of: self, for: statistics, by: method))
  }

  /// The network under a plan, which shares all other weights with this one, and leaves it as it is.
  ///
  /// - Throws: as ``decompose(to:for:by:)`` does.
  public func decomposed(to plan: CompressionPlan, with decompositions: KeyValueDecompositions) throws -> LlamaModel {
    let model = shallowCopy()
    model.blocks = blocks.map { $0.shallowCopy() }
    try model.decompose(to: plan, with: decompositions)
    return model
  }

  private func decompose(to plan: CompressionPlan, with decompositions: KeyValueDecompositions) throws {
    let method = decompositions.method
    try replaceKeysAndValues(by: plan, method) { layer, side, linears, shape, quantizer in
      let made = try decompositions.projections(
        layer: layer, side, groups: shape.groups, rank: shape.rank, linears, quantizer: quantizer)
      return [made.lender] + made.borrowers
    }
  }
}

/// What a cache keeps two of.
public enum CacheSide: Hashable, Sendable, CaseIterable {
  case keys, values

  /// The side of a layer that a cache keeps; nil for another one.
  public init?(_ kind: Slot.Kind) {
    switch kind {
    case .keys: self = .keys
    case .values: self = .values
    case .linear, .convolution: return nil
    }
  }

  var kind: Slot.Kind { self == .keys ? .keys : .values }
  var layer: ReferenceWritableKeyPath<LlamaAttention, any Layer> { self == .keys ? \.key : \.value }

  func bits(of choice: LayerChoice) -> Int? { self == .keys ? choice.keyBits : choice.valueBits }

  /// - Throws: ``LowRankError`` for bits that are none.
  func quantizer(of choice: LayerChoice) throws(LowRankError) -> LatentQuantizer? {
    guard let bits = bits(of: choice), bits < 16 else { return nil }
    return try LatentQuantizer(bits: bits, group: choice.latentGroup)
  }
}

extension LlamaModel {
  /// Puts what `projections` makes in the place of every projection that has a rank, and has the others' heads rounded whole
  /// where they have bits. Nothing changes where anything fails.
  ///
  /// - Parameter projections: for a layer and those behind it that share its latent, one each.
  func replaceKeysAndValues(
    by plan: CompressionPlan, _ method: LowRankMethod,
    _ projections: (
      _ layer: Int, _ side: CacheSide, _ linears: [Linear], _ shape: (groups: Int, rank: Int),
      _ quantizer: LatentQuantizer?
    ) throws -> [any Layer]
  ) throws {
    try plan.validate(for: slots)
    try plan.require(only: LayerChoice.decomposable, by: "low-rank keys and values")
    let attentions = blocks.map { $0.attention.shallowCopy() }
    var whole = [[CacheSide: LatentQuantizer]](repeating: [:], count: blocks.count)
    for side in CacheSide.allCases {
      let paths = slots.filter { CacheSide($0.kind) == side }.map(\.path)
      var layer = 0
      while layer < attentions.count {
        let group = try layerGroup(at: layer, of: paths, in: plan)
        defer { layer += group }
        guard let choice = plan[paths[layer]] else { continue }
        let attention = attentions[layer]
        let quantizer = try side.quantizer(of: choice)
        guard let rank = choice.rank else {
          if quantizer != nil, choice.headGroup != 1, attention.keyHeads != 1 {
            throw LowRankError.indivisibleHeads(
              heads: attention.keyHeads, group: choice.headGroup ?? attention.keyHeads)
          }
          whole[layer][side] = quantizer
          continue
        }
        _ = try quantizer?.slices(ofWidth: rank)
        let groups = attention.keyHeads / (try HeadGrouping(of: choice.headGroup).size(among: attention.keyHeads))
        let linears = (layer..<layer + group).map { attentions[$0].plainLayer(side) }
        for (place, made) in try projections(layer, side, linears, (groups, rank), quantizer).enumerated() {
          attentions[layer + place][keyPath: side.layer] = made
        }
      }
    }
    for (attention, whole) in zip(attentions, whole) {
      if !whole.isEmpty {
        attention.memory = try RotatedKeyValueMemory(
          keys: whole[.keys], values: whole[.values], headWidth: attention.headWidth, rotation: method.rotation,
          seed: method.seed)
      }
      attention.whole = method.whole
    }
    for (block, attention) in zip(blocks, attentions) { block.attention = attention }
  }

  /// How many layers from this one on share its latent.
  private func layerGroup(at layer: Int, of paths: [String], in plan: CompressionPlan) throws(LowRankError) -> Int {
    guard let choice = plan[paths[layer]], let group = choice.layerGroup, group > 1 else { return 1 }
    func refused(_ reason: LayerGroupReason) -> LowRankError { .layers(paths.count, group: group, reason: reason) }
    guard choice.rank != nil else { throw refused(.noRank) }
    guard layer + group <= paths.count else { throw refused(.indivisible) }
    guard paths[layer..<layer + group].allSatisfy({ plan[$0] == choice }) else { throw refused(.otherChoices) }
    return group
  }
}

extension [Slot] {
  /// The number of the layer, and the side, of every projection of a network's slots that a cache keeps the outputs of.
  package var cachePlaces: [String: (layer: Int, side: CacheSide)] {
    var places: [String: (layer: Int, side: CacheSide)] = [:]
    for side in CacheSide.allCases {
      for (layer, slot) in filter({ CacheSide($0.kind) == side }).enumerated() { places[slot.path] = (layer, side) }
    }
    return places
  }
}

extension LlamaAttention {
  /// The layer of a side, which has not been decomposed.
  func plainLayer(_ side: CacheSide) -> Linear {
    guard let linear = self[keyPath: side.layer] as? Linear else {
      preconditionFailure("decompose: keys and values have been decomposed before")
    }
    return linear
  }
}
