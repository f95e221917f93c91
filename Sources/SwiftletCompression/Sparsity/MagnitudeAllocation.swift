import SwiftletTensor

/// Densities by layer-adaptive magnitudes (LAMP): one threshold over all layers on scores that are comparable between
/// them, `w_i^2 / sum of w_j^2 over the |w_j| >= |w_i| of the same layer`.
///
/// Source: Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning" (2021), equation 2.
public enum MagnitudeAllocation {
  /// The share of weights each layer keeps when all keep `density` of theirs together, to within one weight a tie.
  ///
  /// Cost: one sort a layer, and memory for 20 bytes a weight.
  /// - Precondition: `density` is in `0...1`, and no weight is NaN.
  public static func densities(of weights: [Tensor], keeping density: Double) -> [Double] {
    precondition((0...1).contains(density), "MagnitudeAllocation: a density of \(density) is not in 0...1")
    let scores = weights.map(ascendingScores)
    let total = scores.reduce(0) { $0 + $1.count }
    let wished = Int((density * Double(total)).rounded())

    func kept(atLeast threshold: Double) -> [Int] {
      scores.map { $0.count - Int(searchSorted(.tensor($0), .double(threshold)).item()) }
    }
    // Scores lie in 0...1, and the count falls as the threshold rises.
    var (low, high) = (0.0, 1.0.nextUp)
    while low.nextUp < high {
      let middle = Double(bitPattern: low.bitPattern + (high.bitPattern - low.bitPattern) / 2)
      if kept(atLeast: middle).reduce(0, +) >= wished { low = middle } else { high = middle }
    }
    let counts = wished == 0 ? scores.map { _ in 0 } : kept(atLeast: low)
    return zip(counts, scores).map { $1.count == 0 ? 0 : Double($0) / Double($1.count) }
  }

  private static let searchSorted = Operator("aten::searchsorted.Scalar")

  /// The scores of one layer; they rise with the magnitude.
  private static func ascendingScores(_ weight: Tensor) -> Tensor {
    withNoGradient {
      let values = weight.detached().flattened().cast(to: .float64)
      let rising = (values * values).sort(along: 0).values
      let tails = rising.flipped(along: [0]).cumulativeSum(along: 0).flipped(along: [0])
      // A layer of zeros has no say: its scores are 0 / 0.
      return Tensor.where(tails.greater(than: 0), rising / tails, tails)
    }
  }
}
