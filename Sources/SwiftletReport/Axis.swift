import Foundation

/// Maps values to pixels along one axis and chooses round tick values.
struct Axis {
  let range: ClosedRange<Double>
  let ticks: [Double]

  /// An axis that holds every finite value of `values`; `fromZero` puts the origin on it.
  init(_ values: [Double], fromZero: Bool = false) {
    let finite = values.filter(\.isFinite)
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if fromZero { (low, high) = (min(low, 0), max(high, 0)) }
    if high == low { (low, high) = (low - max(abs(low) * 0.1, 0.5), high + max(abs(high) * 0.1, 0.5)) }
    let step = Self.roundStep(for: (high - low) / 5)
    let first = (low / step).rounded(.down)
    let last = (high / step).rounded(.up)
    range = (first * step)...(last * step)
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// Where `value` lies between `start` and `end` pixels.
  func position(_ value: Double, from start: Double, to end: Double) -> Double {
    start + (value - range.lowerBound) / (range.upperBound - range.lowerBound) * (end - start)
  }

  /// 1, 2 or 5 times a power of ten, not below `rough`.
  private static func roundStep(for rough: Double) -> Double {
    let power = pow(10, log10(rough).rounded(.down))
    return ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
  }
}

extension Double {
  /// The shortest plain decimal that a tick or a label needs: at most four significant digits.
  var label: String {
    guard isFinite else { return "–" }
    if self == 0 { return "0" }
    let digits = Swift.max(0, 3 - Int(log10(abs(self)).rounded(.down)))
    var text = String(format: "%.\(Swift.min(digits, 6))f", self)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return text
  }

  /// A pixel coordinate: two decimals keep the file small and the lines sharp.
  var pixel: String { String(format: "%.2f", self) }
}
