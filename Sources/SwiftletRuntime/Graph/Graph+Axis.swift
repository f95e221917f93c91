import SwiftletFiles

extension Graph {
  /// An axis whose length each run chooses.
  public struct Axis: Hashable, Sendable {
    /// A letter, then letters, digits and underscores.
    public var name: String
    /// The greatest length, at most 2^24.
    public var maximum: Int

    public init(_ name: String, maximum: Int) { (self.name, self.maximum) = (name, maximum) }

    /// Samples side by side, as many as memory holds: what every graph has unless it declares its axes.
    public static let batch = Axis("batch", maximum: Limit.batch)

    static func isName(_ text: some StringProtocol) -> Bool {
      text.utf8.count <= 64 && text.first.map { $0.isASCII && $0.isLetter } ?? false
        && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
  }

  /// The length of every axis in one run.
  public struct AxisLengths: Hashable, Sendable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
    private var lengths: [String: Int]

    public init(_ lengths: [String: Int] = [:]) { self.lengths = lengths }
    public init(dictionaryLiteral elements: (String, Int)...) {
      self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
    }

    /// 1 for an axis that nothing gives a length.
    public subscript(axis: String) -> Int {
      get { lengths[axis] ?? 1 }
      set { lengths[axis] = newValue }
    }

    /// `batch 2, frames 50`.
    public var description: String {
      lengths.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
  }

  /// A batch size, and the greatest length of every other axis.
  public func lengths(batch: Int) -> AxisLengths {
    AxisLengths(
      Dictionary(
        axes.map { ($0.name, $0.name == Axis.batch.name ? batch : $0.maximum) },
        uniquingKeysWith: { first, _ in first }))
  }

  /// The lengths at which sizes and work are stated.
  var oneSample: AxisLengths { lengths(batch: 1) }
}

/// An object with a length for each axis.
extension Graph.AxisLengths: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([String: Int].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(lengths)
  }
}

extension Graph.Axis: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case name, maximum }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    maximum = try container.decode(Int.self, forKey: .maximum)
  }
}
