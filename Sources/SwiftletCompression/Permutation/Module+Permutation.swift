import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

/// What another order of the channels gains for a plan.
public struct PermutationGain: Hashable, Sendable {
  /// The share of all scores of the pruned layers that stays, 0...1, in the old and the new order.
  public let before, after: Double
}

extension CompressibleModel {
  /// Puts channels that layers share in an order in which pruning to `plan` keeps more, and changes nothing that the
  /// network computes but the rounding of sums.
  ///
  /// Wanda's input norms belong to the old order: measure them anew before pruning.
  /// - Parameter score: what is kept more of; the norms are those of the present order.
  /// - Throws: before anything changes, if the plan does not fit the model or a layer's norms are missing.
  @discardableResult
  public func permuteChannels(
    for plan: CompressionPlan, by score: PruningScore = .magnitude
  ) throws -> PermutationGain {
    try plan.validate(for: slots)
    let layers = Dictionary(linearLayers().map { ($0.path, $0.layer) }, uniquingKeysWith: { first, _ in first })
    var consumers: [String: ChannelOrder.Consumer] = [:]
    for path in plan.paths {
      guard let pattern = plan[path]?.sparsity, !pattern.isDense, let layer = layers[path] else { continue }
      consumers[path] = ChannelOrder.Consumer(scores: try score.score(at: path)(layer.weight), pattern: pattern)
    }
    let everything = consumers.values.reduce(0) { $0 + $1.scores.sum().item() }
    func kept() -> Double {
      let sum = consumers.values.reduce(0) { $0 + $1.kept(in: Array(0..<$1.scores.shape[1])) }
      return everything > 0 ? sum / everything : 1
    }
    let before = kept()
    let width = consumers.values.map(\.pattern.group).max() ?? 1
    let parameters = Dictionary(namedParameters(), uniquingKeysWith: { first, _ in first })
    for group in channelGroups(of: width) {
      let order = ChannelOrder(
        group.readers.compactMap { path in
          consumers[path].map { consumer in
            let start = group.places.first { $0.parameter == "\(path).weight" && $0.axis == 1 }?.start ?? 0
            return .init(
              scores: consumer.scores.narrowed(along: 1, from: start, count: group.count), pattern: consumer.pattern)
          }
        }, inputs: group.count
      ).best()
      if order == Array(0..<group.count) { continue }
      for place in group.places {
        guard let parameter = parameters[place.parameter] else { continue }
        parameter.permute(order, along: place.axis, from: place.start)
        // Scores move with the weights, so that the next group sees the order as it is.
        guard let path = place.parameter.layerOfWeight, let consumer = consumers[path] else { continue }
        consumer.scores.permute(order, along: place.axis, from: place.start)
      }
    }
    return PermutationGain(before: before, after: kept())
  }
}

extension Tensor {
  /// Puts a part of an axis in another order, in place: position `i` takes what was at `order[i]`.
  fileprivate func permute(_ order: [Int], along axis: Int, from start: Int) {
    withNoGradient {
      let part = detached().narrowed(along: axis, from: start, count: order.count)
      let index = Tensor(order, shape: [order.count]).to(device: device)
      part.copyInPlace(from: part.indexSelect(along: axis, index))
    }
  }
}

extension String {
  /// `blocks.0.mlp.fc1` of `blocks.0.mlp.fc1.weight`.
  fileprivate var layerOfWeight: String? { hasSuffix(".weight") ? String(dropLast(7)) : nil }
}
