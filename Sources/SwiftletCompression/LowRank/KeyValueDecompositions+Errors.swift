import SwiftletModels
import SwiftletPlans
import SwiftletTensor

extension KeyValueDecompositions {
  /// What a choice loses of a projection's outputs: the mean over sampled tokens of an error's square, weighted by what it costs
  /// behind the layer: keys by the energy of their queries, values by the output layer.
  ///
  /// Errors of one layer compare by it, whatever the ranks, groups and bits; those of different layers do not. Choices without
  /// a rank are judged as ``RotatedKeyValueMemory`` rounds them, keys before they are turned by their positions.
  /// - Throws: ``LowRankError``, also where the statistics hold no samples.
  public func error(ofLayer layer: Int, _ side: CacheSide, under choice: LayerChoice) throws(LowRankError) -> Double {
    guard let samples = statistics[layer].samples else { throw .noSamples }
    if let group = choice.layerGroup, group > 1 { throw .layers(statistics.count, group: group, reason: .noStatistics) }
    let linear = attentions[layer].plainLayer(side)
    let quantizer = try side.quantizer(of: choice)
    guard choice.rank != nil || quantizer != nil else { return 0 }
    let (heads, headWidth) = heads(ofLayer: layer)
    let groups = choice.rank == nil ? heads : heads / (try HeadGrouping(of: choice.headGroup).size(among: heads))
    let kept: (Tensor) -> Tensor
    if let rank = choice.rank {
      _ = try quantizer?.slices(ofWidth: rank)
      kept =
        try projections(layer: layer, side, groups: groups, rank: rank, [linear], quantizer: quantizer).lender
        .remembered
    } else {
      let memory = try RotatedKeyValueMemory(
        keys: quantizer, values: quantizer, headWidth: headWidth, rotation: method.rotation, seed: method.seed)
      kept = { x in
        let tokens = x.shape[0]
        let split = linear(x).reshaped([1, tokens, heads, headWidth]).transposed(1, 2)
        return memory.values(split).transposed(1, 2).reshaped([tokens, heads * headWidth])
      }
    }
    return withNoGradient {
      let lost = (linear(samples) - kept(samples)).cast(to: .float64)
      let width = linear.outputs / groups
      var sum = 0.0
      for (group, weighting) in weightings(layer: layer, side, groups: groups).enumerated() {
        let part = lost.narrowed(along: 1, from: group * width, count: width)
        sum += (part.matmul(weighting) * part).sum().item()
      }
      return sum / Double(samples.shape[0])
    }
  }
}
