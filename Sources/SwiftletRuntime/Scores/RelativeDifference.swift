extension [Float] {
  /// The greatest difference from what was expected over the greatest magnitude that was; infinite where a number on
  /// either side is none, or the counts differ.
  public func relativeDifference(from expected: [Float]) -> Double {
    guard count == expected.count, allSatisfy(\.isFinite), expected.allSatisfy(\.isFinite) else { return .infinity }
    let greatest = expected.reduce(0.0) { Swift.max($0, abs(Double($1))) }
    let difference = zip(self, expected).reduce(0.0) { Swift.max($0, abs(Double($1.0) - Double($1.1))) }
    return difference / Swift.max(greatest, Double(Float.leastNormalMagnitude))
  }
}
