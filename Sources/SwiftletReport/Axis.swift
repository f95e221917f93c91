import Foundation

/// Maps values to pixels along one axis and chooses round tick values.
struct Axis {
  let range: ClosedRange<Double>
  let ticks: [Double]
  /// Whether equal lengths are equal factors.
  let isLogarithmic: Bool

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
    isLogarithmic = false
  }

  /// An axis of equal factors that holds every finite value above 0; where they are within a factor of ten of each other, an
  /// axis of equal differences, which shows them better.
  init(logarithmic values: [Double]) {
    let values = values.filter { $0.isFinite && $0 > 0 }
    guard let low = values.min(), let high = values.max(), high >= 10 * low else {
      self.init(values)
      return
    }
    let decades = log10(high / low)
    let digits: [Double] = decades > 2.5 ? [1] : [1, 2, 5]
    // Whole decades beyond both ends; numbers such as 1e-3 are seldom exact.
    let exponents = Int(log10(low).rounded(.down)) - 1...Int(log10(high).rounded(.up)) + 1
    let rounds = exponents.flatMap { exponent in digits.map { $0 * pow(10, Double(exponent)) } }
    let first = rounds.last { $0 <= low * (1 + 1e-9) } ?? low
    let last = rounds.first { $0 >= high * (1 - 1e-9) } ?? high
    let inside = rounds.filter { (first...last).contains($0) }
    let pitch = (inside.count + 8) / 9
    self.init(
      range: first...last, ticks: inside.enumerated().filter { $0.offset % pitch == 0 }.map(\.element),
      isLogarithmic: true)
  }

  private init(range: ClosedRange<Double>, ticks: [Double], isLogarithmic: Bool) {
    (self.range, self.ticks, self.isLogarithmic) = (range, ticks, isLogarithmic)
  }

  /// The text of a tick; beside factors small and large powers are short ones.
  func label(_ tick: Double) -> String {
    isLogarithmic && !(1e-3..<1e5 ~= tick) ? tick.exponentialLabel : tick.label
  }

  /// Where `value` lies between `start` and `end` pixels.
  func position(_ value: Double, from start: Double, to end: Double) -> Double {
    let measure = { (value: Double) in isLogarithmic ? log10(value) : value }
    let (low, high) = (measure(range.lowerBound), measure(range.upperBound))
    return start + (measure(value) - low) / (high - low) * (end - start)
  }

  /// 1, 2 or 5 times a power of ten, not below `rough`.
  private static func roundStep(for rough: Double) -> Double {
    let power = pow(10, log10(rough).rounded(.down))
    return ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
  }
}

extension Double {
  /// The shortest plain decimal that a tick or a label needs: at most four significant digits. What six decimals cannot say is
  /// `2e-7`.
  var label: String {
    guard isFinite else { return "–" }
    if self == 0 { return "0" }
    if abs(self) < 5e-7 { return exponentialLabel }
    let digits = Swift.max(0, 3 - Int(log10(abs(self)).rounded(.down)))
    var text = String(format: "%.\(Swift.min(digits, 6))f", self)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return text
  }

  /// One digit and a power of ten: `2e-7`.
  var exponentialLabel: String {
    let parts = String(format: "%.0e", self).split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(self)" }
    return "\(parts[0])e\(exponent)"
  }

  /// A pixel coordinate: two decimals keep the file small and the lines sharp.
  var pixel: String { String(format: "%.2f", self) }
}
