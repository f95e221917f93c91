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
    let wholeKeys = try key == nil ? Self.wholeQuantizer(keys, bits: keys.keyBits, attention) : nil
    let wholeValues = try value == nil ? Self.wholeQuantizer(values, bits: values.valueBits, attention) : nil
    if wholeKeys != nil || wholeValues != nil {
      copy.memory = try RotatedKeyValueMemory(
        keys: wholeKeys, values: wholeValues, headWidth: attention.headWidth, rotation: method.rotation,
        seed: method.seed)
    }
    if let key { copy.key = key }
    if let value { copy.value = value }
    copy.whole = method.whole
    return copy
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
    let quantizer = try bits.flatMap { $0 < 16 ? try LatentQuantizer(bits: $0, group: choice.latentGroup) : nil }
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
