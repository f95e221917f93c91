/// How often values fall into each of many narrow ranges around zero, together with their extremes.
///
/// When a value lies outside, the ranges double in width, so one pass over the data is enough and the order of the data
/// changes nothing beyond that.
public struct Histogram: Hashable, Sendable {
  /// Bins on each side of zero.
  static let half = 4096

  /// Bin `i` counts values in `(i - half) * binWidth ..< (i - half + 1) * binWidth`.
  public private(set) var counts = [Int](repeating: 0, count: 2 * half)
  public private(set) var binWidth: Float = 0
  public private(set) var smallest = Float.infinity
  public private(set) var largest = -Float.infinity

  public init() {}

  public var count: Int { counts.reduce(0, +) }

  /// - Precondition: all values are finite; the caller has the layer's name for a message.
  public mutating func insert(_ values: UnsafeBufferPointer<Float>) {
    guard !values.isEmpty else { return }
    var (low, high) = (Float.infinity, -Float.infinity)
    for value in values {
      low = min(low, value)
      high = max(high, value)
    }
    precondition(low.isFinite && high.isFinite, "Histogram: a value is infinite or not a number")
    (smallest, largest) = (min(smallest, low), max(largest, high))
    cover(max(abs(low), abs(high)))
    for value in values { counts[bin(of: value)] += 1 }
  }

  private func bin(of value: Float) -> Int {
    max(0, min(2 * Self.half - 1, Int((value / binWidth).rounded(.down)) + Self.half))
  }

  /// Adds the values of another histogram, each times a positive factor; they are taken to lie in the middle of their bin.
  public mutating func insert(_ other: Histogram, scaledBy factor: Float) {
    guard other.count > 0 else { return }
    smallest = min(smallest, other.smallest * factor)
    largest = max(largest, other.largest * factor)
    cover(max(abs(other.smallest), abs(other.largest)) * factor)
    for (bin, count) in other.counts.enumerated() where count > 0 {
      counts[self.bin(of: other.center(bin) * factor)] += count
    }
  }

  /// Widens the bins by powers of two until they hold `magnitude`.
  private mutating func cover(_ magnitude: Float) {
    if binWidth == 0 {
      // A power of two from the start, so that histograms of any data have bins in common.
      let least = max(magnitude, Float.leastNormalMagnitude * 1e6) / Float(Self.half)
      binWidth = Float(sign: .plus, exponent: least.exponent + 1, significand: 1)
    }
    while binWidth * Float(Self.half) < magnitude {
      var wider = [Int](repeating: 0, count: 2 * Self.half)
      for (bin, count) in counts.enumerated() where count > 0 {
        wider[((bin - Self.half) >> 1) + Self.half] += count
      }
      counts = wider
      binWidth *= 2
    }
  }

  /// The middle of a bin.
  func center(_ bin: Int) -> Float { (Float(bin - Self.half) + 0.5) * binWidth }

  /// The edge below which a share of the values lies.
  func quantile(_ share: Double) -> Float {
    let target = share * Double(count)
    var below = 0.0
    for (bin, count) in counts.enumerated() where count > 0 {
      below += Double(count)
      if below >= target { return (Float(bin - Self.half) + 1) * binWidth }
    }
    return largest
  }
}
