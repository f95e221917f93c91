import SwiftletFiles

extension Graph {
  /// The length of one axis of a value: fixed, or one that follows from a named axis.
  public enum Dimension: Hashable, Sendable {
    case fixed(Int)
    case extent(Extent)
  }

  /// The axes of a value, outermost first; at most one of them grows with the batch.
  public typealias Shape = [Dimension]
}

extension Graph.Dimension {
  /// The length of an axis by its name.
  ///
  /// - Precondition: it is the name of an axis.
  public static func axis(_ name: String) -> Self {
    guard Graph.Axis.isName(name), let extent = Graph.Extent(name) else {
      preconditionFailure("Dimension.axis: \"\(name)\" is no name of an axis")
    }
    return .extent(extent)
  }

  /// The batch size itself.
  public static var batch: Self { .axis("batch") }

  /// A multiple of the batch size.
  ///
  /// - Precondition: `factor` is in `1...2^31`.
  public static func batch(_ factor: Int) -> Self {
    guard let extent = Graph.Extent("batch", scale: factor) else {
      preconditionFailure("Dimension.batch: a factor of \(factor) is out of range")
    }
    return .extent(extent)
  }

  public var fixedLength: Int? {
    if case .fixed(let length) = self { length } else { nil }
  }

  /// The name of the axis that it grows with.
  public var axisName: String? {
    if case .extent(let extent) = self { extent.axis } else { nil }
  }

  public var isBatch: Bool { axisName == "batch" }

  /// A fixed length, or how much it grows with its axis.
  public var factor: Int {
    switch self {
    case .fixed(let length): length
    case .extent(let extent): extent.slope
    }
  }

  /// The length in a run.
  public func length(_ lengths: Graph.AxisLengths) -> Int {
    switch self {
    case .fixed(let length): length
    case .extent(let extent): extent.length(axis: lengths[extent.axis])
    }
  }

  /// The length for a batch size, and for length 1 of every other axis.
  public func length(batch: Int) -> Int { length(["batch": batch]) }
}

// MARK: Arithmetic of lengths; nil where a result passes the limits or follows from no single axis

extension Graph.Dimension {
  public func adding(_ number: Int) -> Self? {
    switch self {
    case .fixed(let length):
      let (sum, overflows) = length.addingReportingOverflow(number)
      return overflows ? nil : .fixed(sum)
    case .extent(let extent): return extent.adding(number).map { .extent($0) }
    }
  }

  public func adding(_ other: Self) -> Self? { combined(with: other, sign: 1) }
  public func subtracting(_ other: Self) -> Self? { combined(with: other, sign: -1) }

  private func combined(with other: Self, sign: Int) -> Self? {
    switch (self, other) {
    case (_, .fixed(let length)): adding(sign * length)
    case (.fixed(let length), .extent(let extent)) where sign > 0: extent.adding(length).map { .extent($0) }
    case (.fixed, .extent): nil
    case (.extent(let a), .extent(let b)): a.combined(with: b, sign: sign)
    }
  }

  public func dividedRoundingDown(by number: Int) -> Self? {
    switch self {
    case .fixed(let length): .fixed(length.dividedRoundingDown(by: number))
    case .extent(let extent): extent.dividedRoundingDown(by: number).map { .extent($0) }
    }
  }

  public func multiplied(by number: Int) -> Self? {
    switch self {
    case .fixed(let length):
      let (product, overflows) = length.multipliedReportingOverflow(by: number)
      return overflows ? nil : .fixed(product)
    case .extent(let extent): return extent.multiplied(by: number).map { .extent($0) }
    }
  }
}

/// How many elements a shape has, as a function of its axes: equal for shapes that hold equally many at every length.
struct ElementCount: Hashable {
  private var factor = 1
  private var extents: [Graph.Extent: Int] = [:]

  /// Nil where the fixed part passes the limit.
  init?(_ shape: Graph.Shape) {
    for dimension in shape {
      var number: Int
      switch dimension {
      case .fixed(let length): number = length
      case .extent(let extent):
        let rest: Graph.Extent
        (number, rest) = extent.primitive
        extents[rest, default: 0] += 1
      }
      let (product, overflows) = factor.multipliedReportingOverflow(by: number)
      guard number >= 1, !overflows, product <= Graph.Limit.elements else { return nil }
      factor = product
    }
  }
}

extension Graph.Dimension: ExpressibleByIntegerLiteral, CustomStringConvertible {
  public init(integerLiteral value: Int) { self = .fixed(value) }

  public var description: String {
    switch self {
    case .fixed(let length): "\(length)"
    case .extent(let extent): extent.description
    }
  }
}

extension Graph.Dimension: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let length = try? container.decode(Int.self) {
      self = .fixed(length)
      return
    }
    let text = try container.decode(String.self)
    guard let extent = Graph.Extent(text) else {
      throw GraphError.unreadable(
        "\"\(text)\"\(decoder.placeDescription) is no dimension: expected an integer, \"AXIS\", \"AXIS*N\" or "
          + "\"(AXIS*N+N)/N*N+N\" in lowest terms")
    }
    self = .extent(extent)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if case .fixed(let length) = self { try container.encode(length) } else { try container.encode(description) }
  }
}
