import SwiftletCompression
import SwiftletLanguage
import SwiftletPlans
import SwiftletTraining

extension ForecastEvaluator {
  /// What the error of each projection is worth to the forecasts: the divergence that it causes alone at a share of its rank, over
  /// the energy that is dropped there. Errors of different layers compare only by such a rate.
  ///
  /// - Parameters:
  ///   - layers: of which those with keys or values count.
  ///   - share: of a group's width, above 0 and below 1.
  ///   - headGroup: heads that share a basis; nil is all of a layer.
  /// - Returns: by path: energies of the directions, all groups together, and the rate.
  /// - Throws: `LanguageTextError.notFinite` where a projection of low rank gives scores that are no numbers, what judging throws, and
  ///   what `progress` throws, which is told after each projection.
  public func exchangeRates(
    of layers: [Slot], share: Double, headGroup: Int?, progress: (_ done: Int, _ all: Int) throws -> Void = { _, _ in }
  ) throws -> (energies: [String: [Double]], costs: [String: Double]) {
    let cached = layers.filter(\.kind.isCached)
    var (energies, costs): ([String: [Double]], [String: Double]) = ([:], [:])
    let places = model.slots.cachePlaces
    for (number, slot) in cached.enumerated() {
      guard let (layer, side) = places[slot.path] else {
        preconditionFailure("exchangeRates: \(slot.path) is no layer of the network")
      }
      let own = RankPlanner.energies(of: try decompositions.parts(ofLayer: layer, side, headGroup: headGroup))
      let rank = min(own.count - 1, max(1, Int((share * Double(own.count)).rounded())))
      let choice = LayerChoice(rank: max(1, rank), headGroup: headGroup ?? slot.heads)
      let dropped = own.dropFirst(max(1, rank)).reduce(0, +)
      energies[slot.path] = own
      // Where nothing is dropped nothing is lost.
      costs[slot.path] = 0
      if dropped > 0 {
        let divergence = try score(of: CompressionPlan([slot.path: choice])).divergence
        guard divergence.isFinite else { throw LanguageTextError.notFinite(stretch: 0) }
        costs[slot.path] = max(0, divergence) / dropped
      }
      try progress(number + 1, cached.count)
    }
    return (energies, costs)
  }
}
