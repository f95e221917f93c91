/// How the real range that 8 bits shall cover follows from the values seen in calibration.
public enum RangeRule: Hashable, Sendable {
  /// Everything that was seen.
  case minMax
  /// What is left without the given percentage of values at both ends together: 99.99 cuts one of ten thousand.
  case percentile(Double)
  /// The range with the least mean squared error of the rounded values, clipping included.
  case leastSquares

  /// Reads `least-squares`, `min-max` or a percentile above 50, such as `99.99`; nil for anything else.
  public init?(parsing text: String) {
    switch text {
    case "least-squares": self = .leastSquares
    case "min-max": self = .minMax
    default:
      guard let percent = Double(text), percent > 50, percent <= 100 else { return nil }
      self = .percentile(percent)
    }
  }
}

extension RangeRule: CustomStringConvertible {
  /// `least-squares`, `min-max`, `99.99`.
  public var description: String {
    switch self {
    case .minMax: "min-max"
    case .percentile(let percent): "\(percent)"
    case .leastSquares: "least-squares"
    }
  }
}

extension RangeRule: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let rule = RangeRule(parsing: text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "found “\(text)”, expected least-squares, min-max or a percentile such as 99.99")
    }
    self = rule
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
