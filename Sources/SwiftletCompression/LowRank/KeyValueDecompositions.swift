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
  let attentions: [LlamaAttention]
  private let turnsKeys: Bool
  private let remembers: Bool
  private let known: Known

  /// What was made, which methods with the same bases share.
  private final class Known {
    var decompositions: [Place: [LowRankDecomposition]] = [:]
    var weightings: [Place: [Tensor]] = [:]
  }

  private struct Place: Hashable {
    let layer: Int
    let side: CacheSide
    let groups: Int
    var layers = 1
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
    known = Known()
  }

  private init(_ other: KeyValueDecompositions, by method: LowRankMethod) {
    (self.method, statistics, remembers) = (method, other.statistics, other.remembers)
    (attentions, turnsKeys, known) = (other.attentions, other.turnsKeys, other.known)
  }

  /// The same for another rotation, or other tokens that stay whole: what was made for one serves both.
  ///
  /// - Precondition: the methods have the same bases.
  public func with(_ method: LowRankMethod) -> KeyValueDecompositions {
    precondition(
      method.bases == self.method.bases, "KeyValueDecompositions: “\(method)” has other bases than “\(self.method)”")
    return KeyValueDecompositions(self, by: method)
  }

  /// Of each group of heads, in their order.
  ///
  /// - Parameter headGroup: heads that share a basis; nil is all of a layer.
  /// - Throws: ``LowRankError`` where heads do not divide, or the statistics tell nothing.
  public func parts(ofLayer layer: Int, _ side: CacheSide, headGroup: Int?) throws(LowRankError)
    -> [LowRankDecomposition]
  {
    let heads = attentions[layer].keyHeads
    return try decompositions(layer: layer, side, groups: heads / HeadGrouping(of: headGroup).size(among: heads))
  }

  /// The best projections of a rank: of a layer, and of those behind it that share its latent.
  func projections(
    layer: Int, _ side: CacheSide, groups: Int, rank: Int, _ linears: [Linear], quantizer: LatentQuantizer?
  ) throws(LowRankError) -> (lender: LowRankProjection, borrowers: [BorrowedProjection]) {
    let first = linears[0]
    let whole = try LowRankProjection(
      decompositions(layer: layer, side, groups: groups, layers: linears.count), rank: rank, bias: nil,
      dataType: first.weight.dataType, rotation: method.rotation, seed: method.seed, quantizer: quantizer)
    let width = first.outputs / groups
    func up(_ place: Int) -> Tensor {
      withNoGradient { whole.up.narrowed(along: 1, from: place * width, count: width).contiguous() }
    }
    let lender = LowRankProjection(
      down: whole.down, up: up(0), bias: first.bias?.detached(), quantizer: quantizer)
    let borrowers = linears.enumerated().dropFirst().map { place, linear in
      BorrowedProjection(up: up(place), bias: linear.bias?.detached(), from: lender, layersBefore: place)
    }
    return (lender, borrowers)
  }

  private func decompositions(
    layer: Int, _ side: CacheSide, groups: Int, layers: Int = 1
  ) throws(LowRankError) -> [LowRankDecomposition] {
    let place = Place(layer: layer, side: side, groups: groups, layers: layers)
    if let found = known.decompositions[place] { return found }
    let weights = try (0..<layers).map { offset throws(LowRankError) in
      try weight(layer: layer, side, offset: offset, groups: layers)
    }
    let outputs = weights[0].shape[0]
    let costs = weighs(side) ? (0..<layers).map { weightings(layer: layer + $0, side, groups: groups) } : []
    var made: [LowRankDecomposition] = []
    for group in 0..<groups {
      let width = outputs / groups
      let rows = withNoGradient {
        Tensor.concatenated(weights.map { $0.narrowed(along: 0, from: group * width, count: width) }, along: 0)
      }
      made.append(
        try LowRankDecomposition(
          of: rows, for: statistics[layer].inputs,
          weighting: costs.isEmpty ? nil : Self.diagonal(costs.map { $0[group] }), route: method.route))
    }
    if remembers { known.decompositions[place] = made }
    return made
  }

  /// What makes a layer's outputs of what a layer so many before it read, as far as they follow from it: `W X Yᵀ (Y Yᵀ)⁻¹`, for
  /// its own inputs `X` and the others `Y`.
  private func weight(
    layer: Int, _ side: CacheSide, offset: Int, groups layers: Int
  ) throws(LowRankError) -> Tensor {
    let weight = attentions[layer + offset].plainLayer(side).weight.detached().cast(to: .float64)
    guard offset > 0 else { return weight }
    let own = statistics[layer + offset]
    guard own.earlier.count >= offset else {
      throw .layers(attentions.count, group: layers, reason: .noStatistics)
    }
    let products = try statistics[layer].inputs.checked()
    return withNoGradient {
      weight.matmul(own.earlier[offset - 1]).matmul(LowRankDecomposition.pseudoInverse(of: products))
    }
  }

  /// Matrices along the diagonal of one.
  private static func diagonal(_ blocks: [Tensor]) -> Tensor {
    guard blocks.count > 1 else { return blocks[0] }
    return withNoGradient {
      let sizes = blocks.map { $0.shape[0] }
      let matrix = Tensor.zeros([sizes.reduce(0, +), sizes.reduce(0, +)], dataType: .float64)
      var start = 0
      for block in blocks {
        let size = block.shape[0]
        matrix.narrowed(along: 0, from: start, count: size).narrowed(along: 1, from: start, count: size)
          .addInPlace(block)
        start += size
      }
      return matrix
    }
  }

  private func weighs(_ side: CacheSide) -> Bool { side == .keys ? method.weighsKeys : method.weighsValues }

  /// What an error of each group's outputs costs, `[m, m]` each.
  func weightings(layer: Int, _ side: CacheSide, groups: Int) -> [Tensor] {
    let place = Place(layer: layer, side: side, groups: groups)
    if let found = known.weightings[place] { return found }
    let attention = attentions[layer]
    let size = attention.keyHeads / groups
    let made = stride(from: 0, to: attention.keyHeads, by: size).map { first in
      switch side {
      case .keys:
        OutputWeighting.keys(first..<first + size, of: attention, statistics[layer], turned: turnsKeys)
      case .values:
        OutputWeighting.values(first..<first + size, of: attention, output: attention.plainOutput.weight)
      }
    }
    if remembers { known.weightings[place] = made }
    return made
  }

  func heads(ofLayer layer: Int) -> (count: Int, width: Int) {
    (attentions[layer].keyHeads, attentions[layer].headWidth)
  }
}

extension LlamaAttention {
  /// The output layer, which compression of keys and values leaves as it is.
  fileprivate var plainOutput: Linear {
    guard let linear = output as? Linear else {
      preconditionFailure("KeyValueDecompositions: the output layer is a \(type(of: output)), not a plain one")
    }
    return linear
  }
}
