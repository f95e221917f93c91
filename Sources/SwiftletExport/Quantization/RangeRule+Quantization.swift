import SwiftletRuntime

extension RangeRule {
  /// The scale and zero point for values like those in `histogram`.
  public func quantization(of histogram: Histogram) -> Graph.Quantization {
    switch self {
    case .minMax: return Graph.Quantization(covering: histogram.smallest, histogram.largest)
    case .percentile(let percent):
      let cut = max(0, min(1, (1 - percent / 100) / 2))
      return Graph.Quantization(
        covering: max(histogram.smallest, histogram.quantile(cut) - histogram.binWidth),
        min(histogram.largest, histogram.quantile(1 - cut)))
    case .leastSquares: return LeastSquaresRange(of: histogram).quantization
    }
  }
}

extension Graph.Quantization {
  /// The grid of 256 steps over a range, widened so that it holds zero, which gets a step of its own.
  public init(covering low: Float, _ high: Float) {
    let (low, high) = (min(low, 0), max(high, 0))
    let scale = (high - low) / 255
    guard scale.isNormal else {
      self.init(scale: 1, zeroPoint: 0)
      return
    }
    self.init(scale: scale, zeroPoint: Int(max(0, min(255, (-low / scale).rounded(.toNearestOrEven)))))
  }

  /// What is left of a value after a trip through 8 bits.
  public func rounded(_ value: Float) -> Float {
    let step = (value * (1 / scale)).rounded(.toNearestOrEven) + Float(zeroPoint)
    return scale * (max(0, min(255, step)) - Float(zeroPoint))
  }
}

/// Searches the range of least squared error: both ends shrink from the extremes, first together and then each alone.
private struct LeastSquaresRange {
  private let histogram: Histogram
  private let bins: [(center: Float, count: Float)]

  init(of histogram: Histogram) {
    self.histogram = histogram
    bins = histogram.counts.indices.compactMap { bin in
      let count = histogram.counts[bin]
      return count > 0 ? (histogram.center(bin), Float(count)) : nil
    }
  }

  var quantization: Graph.Quantization {
    let (low, high) = (min(histogram.smallest, 0), max(histogram.largest, 0))
    var best = (low: low, high: high, error: error(low, high))
    func consider(_ low: Float, _ high: Float) {
      let error = error(low, high)
      if error < best.error { best = (low, high, error) }
    }
    let shares = stride(from: Float(1), through: 0.1, by: -0.02)
    for share in shares { consider(low * share, high * share) }
    // An outlier on one side should not cost resolution on the other.
    for _ in 0..<2 {
      let start = best
      for share in stride(from: Float(1.3), through: 0.3, by: -0.02) {
        consider(max(low, start.low * share), start.high)
      }
      let middle = best
      for share in stride(from: Float(1.3), through: 0.3, by: -0.02) {
        consider(middle.low, min(high, middle.high * share))
      }
    }
    return Graph.Quantization(covering: best.low, best.high)
  }

  private func error(_ low: Float, _ high: Float) -> Double {
    let grid = Graph.Quantization(covering: low, high)
    var sum = 0.0
    for (center, count) in bins {
      let distance = center - grid.rounded(center)
      sum += Double(distance * distance * count)
    }
    return sum
  }
}
