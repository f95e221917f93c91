import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

/// The decompositions of a network's keys and values, made where a plan asks for them.
///
/// A search asks for the same ones again and again: they are made once, where they are to be remembered.
public final class KeyValueDecompositions {
  public let method: LowRankMethod
  public let statistics: [KeyValueStatistics]
  private let attentions: [LlamaAttention]
  private let turnsKeys: Bool
  private let remembers: Bool
  private var known: [Place: [LowRankDecomposition]] = [:]
  private var weightings: [Place: [Tensor]] = [:]

  private struct Place: Hashable {
    let layer: Int
    let side: CacheSide
    let groups: Int
  }

  /// - Parameters:
  ///   - model: whose keys and values have not been decomposed.
  ///   - statistics: of each layer, from `keyValueStatistics`.
  ///   - remembers: whether to keep what has been made: two matrices a group of heads, in float64.
  public init(
    of model: LlamaModel, for statistics: [KeyValueStatistics], by method: LowRankMethod = LowRankMethod(),
    remembers: Bool = false
  ) {
    precondition(
      statistics.count == model.blocks.count,
      "KeyValueDecompositions: \(statistics.count) statistics, \(model.blocks.count) blocks")
    (self.statistics, self.method, self.remembers) = (statistics, method, remembers)
    attentions = model.blocks.map(\.attention)
    turnsKeys = if case .rotary = model.configuration.positions { true } else { false }
  }

  /// Of each group of heads, in their order.
  ///
  /// - Parameter headGroup: heads that share a basis; nil is all of a layer.
  /// - Throws: ``LowRankError`` where heads do not divide, or the statistics tell nothing.
  public func callAsFunction(layer: Int, _ side: CacheSide, headGroup: Int?) throws(LowRankError)
    -> [LowRankDecomposition]
  {
    let heads = attentions[layer].keyHeads
    return try decompositions(layer: layer, side, groups: heads / HeadGrouping(of: headGroup).size(among: heads))
  }

  /// The best projection of a rank.
  func projection(
    layer: Int, _ side: CacheSide, groups: Int, rank: Int, _ linear: Linear, quantizer: LatentQuantizer?
  ) throws(LowRankError) -> LowRankProjection {
    try LowRankProjection(
      decompositions(layer: layer, side, groups: groups), rank: rank, bias: linear.bias,
      dataType: linear.weight.dataType, rotation: method.rotation, seed: method.seed, quantizer: quantizer)
  }

  private func decompositions(layer: Int, _ side: CacheSide, groups: Int) throws(LowRankError) -> [LowRankDecomposition]
  {
    let place = Place(layer: layer, side: side, groups: groups)
    if let found = known[place] { return found }
    let linear = plainLayer(layer, side)
    let weightings = weighs(side) ? weightings(layer: layer, side, groups: groups) : nil
    var made: [LowRankDecomposition] = []
    for group in 0..<groups {
      let width = linear.outputs / groups
      made.append(
        try LowRankDecomposition(
          of: linear.weight.narrowed(along: 0, from: group * width, count: width), for: statistics[layer].inputs,
          weighting: weightings?[group], route: method.route))
    }
    if remembers { known[place] = made }
    return made
  }

  private func weighs(_ side: CacheSide) -> Bool { side == .keys ? method.weighsKeys : method.weighsValues }

  /// What an error of each group's outputs costs, `[m, m]` each.
  func weightings(layer: Int, _ side: CacheSide, groups: Int) -> [Tensor] {
    let place = Place(layer: layer, side: side, groups: groups)
    if let found = weightings[place] { return found }
    let attention = attentions[layer]
    let size = attention.keyHeads / groups
    let made = stride(from: 0, to: attention.keyHeads, by: size).map { first in
      switch side {
      case .keys:
        OutputWeighting.keys(first..<first + size, of: attention, statistics[layer], turned: turnsKeys)
      case .values:
        OutputWeighting.values(first..<first + size, of: attention, output: Self.plain(attention.output).weight)
      }
    }
    if remembers { weightings[place] = made }
    return made
  }

  func plainLayer(_ layer: Int, _ side: CacheSide) -> Linear { Self.plain(attentions[layer][keyPath: side.layer]) }

  func heads(ofLayer layer: Int) -> (count: Int, width: Int) {
    (attentions[layer].keyHeads, attentions[layer].headWidth)
  }

  private static func plain(_ layer: any Layer) -> Linear {
    guard let linear = layer as? Linear else {
      preconditionFailure("KeyValueDecompositions: a layer of attention is a \(type(of: layer)), not a plain one")
    }
    return linear
  }
}
