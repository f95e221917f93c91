import SwiftletFiles

extension Graph {
  /// How somebody feels, from the voice, the face or both: an output `[batch, names]` for each way of perceiving.
  ///
  /// The heads are trained apart, so whoever changes from one to the other tells which one spoke.
  /// Source: Goncalves et al., "Versatile Audio-Visual Learning for Emotion Recognition" (2023).
  public struct Emotion: MetadataSection {
    /// What the numbers of each output say.
    public enum Target: Hashable, Sendable {
      /// Scores of feelings, of which the highest is the answer.
      case categories
      /// A number each, such as arousal, from the lower to the upper end of the range.
      case attributes(ClosedRange<Float>)
    }

    /// What a head perceives.
    public enum Source: String, Hashable, Sendable, FileWord, CaseIterable {
      case audio, video, both
    }

    public struct Head: Hashable, Sendable {
      public var output: String
      public var source: Source

      public init(output: String, source: Source) { (self.output, self.source) = (output, source) }
    }

    public var target: Target
    /// Of the categories or attributes, in the order of each output.
    public var names: [String]
    /// At most one for each source.
    public var heads: [Head]

    public init(target: Target, names: [String], heads: [Head]) {
      (self.target, self.names, self.heads) = (target, names, heads)
    }
  }
}

extension Graph.Emotion {
  func check(against graph: Graph) throws(Graph.Mismatch) {
    try Graph.checkNames(names, of: "the emotions")
    try Graph.checkOutputs(heads.map(\.output))
    guard Set(heads.map(\.source)).count == heads.count else { throw Graph.Mismatch("two heads have one source") }
    if case .attributes(let range) = target {
      guard range.lowerBound.isFinite, range.upperBound.isFinite, range.lowerBound < range.upperBound else {
        throw Graph.Mismatch("the range of its attributes is empty or has no end")
      }
    }
    for head in heads {
      let shape = try graph.shape(ofOutput: head.output)
      guard shape.count == 2, shape[1] == .fixed(names.count) else {
        throw Graph.Mismatch("\(head.output) is \(OperationRules.text(shape)), expected [batch, \(names.count)]")
      }
    }
  }
}

extension Graph.Emotion {
  enum CodingKeys: String, CodingKey, CaseIterable { case target, range, names, heads }
  private enum TargetName: String, FileWord { case categories, attributes }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    let range = try container.decodeIfPresent([Float].self, forKey: .range)
    switch (try container.decode(TargetName.self, forKey: .target), range) {
    case (.categories, nil): target = .categories
    case (.attributes, .some(let ends)) where ends.count == 2 && ends[0] <= ends[1]:
      target = .attributes(ends[0]...ends[1])
    default:
      throw GraphError.unreadable(
        "attributes have a range of two numbers, the lower first, and categories have none\(decoder.placeDescription)")
    }
    names = try container.decode([String].self, forKey: .names)
    heads = try container.decode([Head].self, forKey: .heads)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch target {
    case .categories: try container.encode(TargetName.categories, forKey: .target)
    case .attributes(let range):
      try container.encode(TargetName.attributes, forKey: .target)
      try container.encode([range.lowerBound, range.upperBound], forKey: .range)
    }
    try container.encode(names, forKey: .names)
    try container.encode(heads, forKey: .heads)
  }
}

extension Graph.Emotion.Head: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case output, source }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    output = try container.decode(String.self, forKey: .output)
    source = try container.decode(Graph.Emotion.Source.self, forKey: .source)
  }
}
