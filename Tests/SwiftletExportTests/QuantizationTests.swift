import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport

@Suite struct HistogramTests {
  /// Oracle: counting by hand.
  @Test func `values outside the bins widen them and lose nobody`() {
    var histogram = Histogram()
    histogram.insert([0.001, -0.001, 0.0005])
    histogram.insert([100, -3])
    #expect(histogram.count == 5)
    #expect(histogram.smallest == -3 && histogram.largest == 100)
    #expect(histogram.binWidth * Float(Histogram.half) >= 100)
    #expect(histogram.binWidth * Float(Histogram.half) < 256)
    let nonempty = histogram.counts.indices.filter { histogram.counts[$0] > 0 }
    #expect(nonempty.allSatisfy { abs(histogram.center($0)) <= 100 + histogram.binWidth })
  }

  @Test func `batches in any order and any cut give the same counts`() {
    var numbers = SplitMix64(seed: 3)
    let values = numbers.normals(1000) + [17, -40]
    var whole = Histogram()
    var reversed = Histogram()
    var pieces = Histogram()
    whole.insert(values)
    reversed.insert(values.reversed())
    for value in values { pieces.insert([value]) }
    #expect(whole == reversed)
    #expect(whole == pieces)
  }

  /// Oracle: the products themselves.
  @Test func `a histogram inserted with a factor is that of the products, within a bin`() {
    var numbers = SplitMix64(seed: 13)
    let values = numbers.normals(2000)
    var (source, sum, expected) = (Histogram(), Histogram(), Histogram())
    source.insert(values)
    sum.insert([0.25, -7])
    sum.insert(source, scaledBy: 3)
    expected.insert(values.map { $0 * 3 } + [0.25, -7])
    #expect(sum.count == expected.count)
    #expect(abs(sum.smallest - expected.smallest) <= 1e-6 && abs(sum.largest - expected.largest) <= 1e-5)
    for share in [0.01, 0.3, 0.5, 0.99] {
      #expect(abs(sum.quantile(share) - expected.quantile(share)) <= 2 * max(sum.binWidth, 3 * source.binWidth))
    }
  }

  @Test func `a quantile lies within one bin of the sorted values'`() {
    var numbers = SplitMix64(seed: 4)
    let values = numbers.normals(5000)
    var histogram = Histogram()
    histogram.insert(values)
    let sorted = values.sorted()
    for share in [0.01, 0.25, 0.5, 0.9, 0.999] {
      let exact = sorted[Int((share * 5000).rounded(.up)) - 1]
      #expect(abs(histogram.quantile(share) - exact) <= histogram.binWidth)
    }
  }

  @Test func `zeros alone make a usable grid`() {
    var histogram = Histogram()
    histogram.insert([0, 0, 0])
    for rule in [RangeRule.minMax, .percentile(99.99), .leastSquares] {
      let grid = rule.quantization(of: histogram)
      #expect(grid.scale.isNormal && grid.rounded(0) == 0)
    }
  }
}

@Suite struct RangeRuleTests {
  /// Oracle: the definition, `scale = (max - min) / 255`, zero on the grid.
  @Test func `the grid of -1 to 3 has 255 steps and holds zero exactly`() {
    let grid = Graph.Quantization(covering: -1, 3)
    #expect(abs(grid.scale - 4.0 / 255) < 1e-7)
    #expect(grid.zeroPoint == 64)
    #expect(grid.rounded(0) == 0)
    #expect(abs(grid.rounded(3) - 3) <= grid.scale / 2 * 1.001)
    #expect(abs(grid.rounded(-1) + 1) <= grid.scale / 2 * 1.001)
  }

  @Test func `a range on one side of zero is widened to zero`() {
    #expect(Graph.Quantization(covering: 2, 5) == Graph.Quantization(covering: 0, 5))
    #expect(Graph.Quantization(covering: 2, 5).zeroPoint == 0)
    #expect(Graph.Quantization(covering: -5, -2).zeroPoint == 255)
  }

  @Test func `rounding twice is rounding once, and stays within half a step`() {
    var numbers = SplitMix64(seed: 5)
    let grid = Graph.Quantization(covering: -0.7, 1.9)
    for value in numbers.floats(500) {
      let rounded = grid.rounded(value)
      #expect(grid.rounded(rounded) == rounded)
      if value > -0.69 { #expect(abs(rounded - value) <= grid.scale / 2 * 1.001) }
    }
  }

  /// Oracle: the error itself, summed over the values instead of the bins.
  @Test func `least squares beats the extremes and the percentile where there are outliers`() {
    var numbers = SplitMix64(seed: 6)
    let values = numbers.normals(20_000) + [60, -30]
    var histogram = Histogram()
    histogram.insert(values)
    func error(_ rule: RangeRule) -> Float {
      let grid = rule.quantization(of: histogram)
      return values.reduce(0) { $0 + ($1 - grid.rounded($1)) * ($1 - grid.rounded($1)) }
    }
    // One value of 60 is worth its error: a percentile that drops it pays more than it wins.
    #expect(error(.leastSquares) < error(.minMax))
    #expect(error(.leastSquares) <= error(.percentile(99.9)))
  }

  @Test func `a percentile cuts both tails`() {
    var numbers = SplitMix64(seed: 7)
    let values = numbers.floats(10_000) + [1000]
    var histogram = Histogram()
    histogram.insert(values)
    let grid = RangeRule.percentile(99.9).quantization(of: histogram)
    #expect(grid.scale < 3.0 / 255)
    #expect(RangeRule.minMax.quantization(of: histogram).scale > 1000.0 / 256)
  }
}

@Suite struct Int8WeightsTests {
  @Test func `each row has its own scale and stays within half a step`() {
    var numbers = SplitMix64(seed: 8)
    var weights = numbers.floats(3 * 40)
    for i in 40..<80 { weights[i] *= 1000 }
    let packed = Int8Weights(weights, rows: 3)
    #expect(packed.integers.allSatisfy { $0 != -128 })
    for row in 0..<3 {
      let range = row * 40..<(row + 1) * 40
      #expect(packed.integers[range].map { abs(Int($0)) }.max() == 127)
      for i in range { #expect(abs(packed.dequantized[i] - weights[i]) <= packed.scales[row] / 2 * 1.001) }
    }
  }

  @Test func `zeros stay zeros, in a row of zeros too`() {
    let packed = Int8Weights([0, 3, 0, -6, 0, 0, 0, 0], rows: 2)
    #expect(packed.integers == [0, 64, 0, -127, 0, 0, 0, 0])
    #expect(packed.scales[1] == 1)
  }
}

extension Histogram {
  mutating func insert(_ values: [Float]) { values.withUnsafeBufferPointer { insert($0) } }
}
