import SwiftletRuntime

extension LayerChoice {
  /// What a choice may decide, by its name in files.
  public enum Axis: String, CodingKey, CaseIterable, Hashable, Sendable {
    case pattern, precision, groupSize, activationBits, rank, headGroup, layerGroup, latentGroup, keyBits, valueBits,
      observer
  }

  /// All that is said of an axis: how a file holds its decisions, how people read them, which of two keeps more.
  ///
  /// A new axis is a property, a case of ``Axis`` and a row here.
  struct Row: Sendable {
    let axis: Axis
    let isDecided: @Sendable (LayerChoice) -> Bool
    /// As a JSON file spells it.
    let json: @Sendable (LayerChoice) -> String?
    /// In words.
    let text: @Sendable (LayerChoice) -> String?
    /// How much of the layer is kept: more is more. Undecided is all of it, or one group of all.
    let kept: @Sendable (LayerChoice) -> Double
    let read: @Sendable (inout LayerChoice, KeyedDecodingContainer<Axis>) throws -> Void
    let write: @Sendable (LayerChoice, inout KeyedEncodingContainer<Axis>) throws -> Void
    /// Takes the decision of the second, where it has one.
    let merge: @Sendable (inout LayerChoice, LayerChoice) -> Void

    init<Value: Codable & Sendable>(
      _ axis: Axis, _ place: WritableKeyPath<LayerChoice, Value?> & Sendable,
      json: @escaping @Sendable (Value) -> String, kept: @escaping @Sendable (LayerChoice) -> Double,
      problem: @escaping @Sendable (Value) -> String? = { _ in nil },
      text: @escaping @Sendable (Value) -> String
    ) {
      self.axis = axis
      self.kept = kept
      self.isDecided = { $0[keyPath: place] != nil }
      self.json = { $0[keyPath: place].map(json) }
      self.text = { $0[keyPath: place].map(text) }
      read = { choice, values in
        guard let value = try values.decodeIfPresent(Value.self, forKey: axis) else { return }
        if let problem = problem(value) {
          throw DecodingError.dataCorruptedError(forKey: axis, in: values, debugDescription: problem)
        }
        choice[keyPath: place] = value
      }
      write = { choice, values in try values.encodeIfPresent(choice[keyPath: place], forKey: axis) }
      merge = { choice, other in if let value = other[keyPath: place] { choice[keyPath: place] = value } }
    }

    /// A whole number in a range, of which more keeps more, or of a group's members, of which fewer do.
    init(
      _ axis: Axis, _ place: WritableKeyPath<LayerChoice, Int?> & Sendable, in range: ClosedRange<Int>,
      isGroup: Bool = false, text: @escaping @Sendable (Int) -> String
    ) {
      self.init(
        axis, place, json: { "\($0)" }, kept: { (isGroup ? -1 : 1) * Double($0[keyPath: place] ?? .max) },
        problem: { range.contains($0) ? nil : "\($0), expected \(range.lowerBound) to \(range.upperBound)" }, text: text
      )
    }
  }

  /// In the order in which files and people name them, and in which they decide which of two choices keeps more.
  static let axes: [Row] = [
    Row(.pattern, \.pattern, json: { "\"\($0)\"" }, kept: { $0.sparsity.density }, text: { "\($0)" }),
    Row(.rank, \.rank, in: 1...1 << 20) { "rank \($0)" },
    Row(.headGroup, \.headGroup, in: 1...1 << 16, isGroup: true) { $0 == 1 ? "of each head" : "of \($0) heads" },
    Row(.layerGroup, \.layerGroup, in: 1...1 << 10, isGroup: true) { $0 == 1 ? "of each layer" : "of \($0) layers" },
    Row(
      .precision, \.precision, json: { "\"\($0.rawValue)\"" }, kept: { Double($0.format.bits) },
      text: { $0.rawValue }),
    Row(.groupSize, \.groupSize, in: 1...1 << 20, isGroup: true) { "by \($0)" },
    Row(.activationBits, \.activationBits, in: 2...32) { "\($0)-bit inputs" },
    Row(.latentGroup, \.latentGroup, in: 1...1 << 20, isGroup: true) { "latents by \($0)" },
    Row(.keyBits, \.keyBits, in: 1...16) { "\($0)-bit keys" },
    Row(.valueBits, \.valueBits, in: 1...16) { "\($0)-bit values" },
    Row(.observer, \.observer, json: { "\"\($0)\"" }, kept: { _ in 0 }, text: { "by \($0)" }),
  ]

  /// The axes that something is decided on.
  public var decided: [Axis] { Self.axes.filter { $0.isDecided(self) }.map(\.axis) }

  /// Both choices in one; where both decide, the other does.
  public func merging(_ other: LayerChoice) -> LayerChoice {
    var merged = self
    for row in Self.axes { row.merge(&merged, other) }
    return merged
  }

  /// Whether this keeps less of a layer than the other, axis by axis: first the pattern, then the rank, then bits.
  ///
  /// That is not which costs less, for a sparse kernel may be slower than the dense one.
  func keepsLess(than other: LayerChoice) -> Bool {
    for row in Self.axes {
      let (own, others) = (row.kept(self), row.kept(other))
      if own != others { return own < others }
    }
    return false
  }

  /// - Throws: `CompressionPlanError.unsupported` if something is decided for the layer that `reader` does not carry out.
  public func require(only axes: Set<Axis>, at path: String, by reader: String) throws(CompressionPlanError) {
    if let axis = decided.first(where: { !axes.contains($0) }) {
      throw .unsupported(path: path, axis: axis.rawValue, reader: reader)
    }
  }
}

/// One object with the decisions that were made, for traces and accelerators.
extension LayerChoice: Codable {
  public init(from decoder: any Decoder) throws {
    self.init()
    let values = try decoder.container(keyedBy: Axis.self)
    for row in Self.axes { try row.read(&self, values) }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Axis.self)
    for row in Self.axes { try row.write(self, &values) }
  }
}
