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
}

extension LayerChoice {
  /// What ``SwiftletModels/LlamaModel/decompose(to:for:by:)`` carries out.
  public static let decomposable: Set<Axis> = [.rank, .headGroup, .latentGroup, .keyBits, .valueBits]
}

extension LlamaModel {
  /// Puts projections through latents, and latents in few bits, where the plan has them. A layer with bits and without a
  /// rank keeps its projection: its heads are turned and rounded whole, so `headGroup` is 1 there.
  ///
  /// - Parameter statistics: of each layer, from ``keyValueStatistics(on:progress:)``.
  /// - Throws: `CompressionPlanError` if the plan does not fit or decides what is not carried out here, ``LowRankError``.
  public func decompose(
    to plan: CompressionPlan, for statistics: [KeyValueStatistics], by method: LowRankMethod = LowRankMethod()
  ) throws {
    try plan.validate(for: slots)
    try plan.require(only: LayerChoice.decomposable, by: "low-rank keys and values")
    precondition(statistics.count == blocks.count, "decompose: \(statistics.count) statistics, \(blocks.count) blocks")
    let attentions = try blocks.indices.map { layer in
      try remade(
        blocks[layer].attention, for: statistics[layer],
        keys: plan["model.layers.\(layer).self_attn.k_proj"] ?? LayerChoice(),
        values: plan["model.layers.\(layer).self_attn.v_proj"] ?? LayerChoice(), by: method)
    }
    for (block, attention) in zip(blocks, attentions) { block.attention = attention }
  }

  /// An attention that shares what it does not replace.
  private func remade(
    _ attention: LlamaAttention, for statistics: KeyValueStatistics, keys: LayerChoice, values: LayerChoice,
    by method: LowRankMethod
  ) throws -> LlamaAttention {
    let copy = attention.shallowCopy()
    let key = try projection(attention, statistics, keys, bits: keys.keyBits, .keys, method)
    let value = try projection(attention, statistics, values, bits: values.valueBits, .values, method)
    try Self.addMemory(to: copy, keys: key == nil ? keys : nil, values: value == nil ? values : nil, method)
    if let key { copy.key = key }
    if let value { copy.value = value }
    copy.whole = method.whole
    return copy
  }

  /// Layers of the shapes that a plan asks for, with weights that are anything yet.
  func makeRoom(for plan: CompressionPlan, by method: LowRankMethod) throws {
    for (layer, block) in blocks.enumerated() {
      let attention = block.attention
      func choice(_ role: String) -> LayerChoice { plan["model.layers.\(layer).self_attn.\(role)"] ?? LayerChoice() }
      let (keys, values) = (choice("k_proj"), choice("v_proj"))
      func room(_ layer: any Layer, _ choice: LayerChoice, bits: Int?) throws -> LowRankProjection? {
        guard let rank = choice.rank, let linear = layer as? Linear else { return nil }
        let heads = choice.headGroup ?? attention.keyHeads
        let groups = attention.keyHeads / (try HeadGrouping.groups(of: heads).size(among: attention.keyHeads))
        return LowRankProjection(
          down: .empty([groups * rank, linear.inputs]), up: .empty([groups, linear.outputs / groups, rank]),
          bias: linear.bias, quantizer: try Self.quantizer(choice, bits: bits, rank: rank))
      }
      let room = (
        keys: try room(attention.key, keys, bits: keys.keyBits),
        values: try room(attention.value, values, bits: values.valueBits)
      )
      try Self.addMemory(
        to: attention, keys: room.keys == nil ? keys : nil, values: room.values == nil ? values : nil, method)
      if let layer = room.keys { attention.key = layer }
      if let layer = room.values { attention.value = layer }
      attention.whole = method.whole
    }
  }

  private static func quantizer(_ choice: LayerChoice, bits: Int?, rank: Int) throws -> LatentQuantizer? {
    guard let bits, bits < 16 else { return nil }
    let quantizer = try LatentQuantizer(bits: bits, group: choice.latentGroup)
    _ = try quantizer.slices(ofWidth: rank)
    return quantizer
  }

  /// What a cache makes of whole keys and values; nil for those that have a latent.
  private static func addMemory(
    to attention: LlamaAttention, keys: LayerChoice?, values: LayerChoice?, _ method: LowRankMethod
  ) throws {
    let keyQuantizer = try keys.flatMap { try wholeQuantizer($0, bits: $0.keyBits, attention) }
    let valueQuantizer = try values.flatMap { try wholeQuantizer($0, bits: $0.valueBits, attention) }
    guard keyQuantizer != nil || valueQuantizer != nil else { return }
    attention.memory = try RotatedKeyValueMemory(
      keys: keyQuantizer, values: valueQuantizer, headWidth: attention.headWidth, rotation: method.rotation,
      seed: method.seed)
  }

  private static func wholeQuantizer(
    _ choice: LayerChoice, bits: Int?, _ attention: LlamaAttention
  ) throws -> LatentQuantizer? {
    guard let bits, bits < 16 else { return nil }
    guard choice.headGroup == 1 || attention.keyHeads == 1 else {
      throw LowRankError.indivisibleHeads(heads: attention.keyHeads, group: choice.headGroup ?? attention.keyHeads)
    }
    return try LatentQuantizer(bits: bits, group: choice.latentGroup)
  }

  private enum Side { case keys, values }

  /// The projection through a latent that a choice asks for; nil where it has no rank.
  private func projection(
    _ attention: LlamaAttention, _ statistics: KeyValueStatistics, _ choice: LayerChoice, bits: Int?, _ side: Side,
    _ method: LowRankMethod
  ) throws -> LowRankProjection? {
    guard let rank = choice.rank else { return nil }
    guard let layer = (side == .keys ? attention.key : attention.value) as? Linear else {
      preconditionFailure("decompose: keys and values have been decomposed before")
    }
    let quantizer = try Self.quantizer(choice, bits: bits, rank: rank)
    let decompositions = try decompositions(
      attention, layer, statistics, heads: choice.headGroup ?? attention.keyHeads, side, method)
    return try LowRankProjection(
      of: layer.weight, bias: layer.bias, decompositions: decompositions, rank: rank, rotation: method.rotation,
      seed: method.seed, quantizer: quantizer)
  }

  private func decompositions(
    _ attention: LlamaAttention, _ layer: Linear, _ statistics: KeyValueStatistics, heads: Int, _ side: Side,
    _ method: LowRankMethod
  ) throws -> [LowRankDecomposition] {
    let size = try HeadGrouping.groups(of: heads).size(among: attention.keyHeads)
    let rows = size * attention.headWidth
    return try stride(from: 0, to: attention.keyHeads, by: size).map { first in
      let group = first..<first + size
      var weighting: Tensor?
      switch side {
      case .keys where method.weighsKeys:
        let isTurned = if case .rotary = configuration.positions { true } else { false }
        weighting = OutputWeighting.keys(group, of: attention, statistics, turned: isTurned)
      case .values where method.weighsValues:
        guard let output = attention.output as? Linear else {
          preconditionFailure("decompose: the output layer is a \(type(of: attention.output)), not a plain one")
        }
        weighting = OutputWeighting.values(group, of: attention, output: output.weight)
      default: break
      }
      return try LowRankDecomposition(
        of: layer.weight.narrowed(along: 0, from: first * attention.headWidth, count: rows), for: statistics.inputs,
        weighting: weighting, route: method.route)
    }
  }
}
