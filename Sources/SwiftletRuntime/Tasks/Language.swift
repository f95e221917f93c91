import SwiftletFiles

extension Graph {
  /// The first output, `[batch, tokens, scores]`, scores what token comes next after each token of the first input.
  public struct Language: MetadataSection {
    /// How many tokens the tokenizer knows; scores behind those are filling and never chosen.
    public var vocabulary: Int
    /// The most tokens that the network can look back on.
    public var contextLength: Int
    /// What every text starts with; nil for a network that needs no such token.
    public var beginning: Int?
    /// The tokens after which a text is finished; any one of them ends it.
    public var ends: [Int]

    public init(vocabulary: Int, contextLength: Int, beginning: Int? = nil, ends: [Int] = []) {
      (self.vocabulary, self.contextLength) = (vocabulary, contextLength)
      (self.beginning, self.ends) = (beginning, ends)
    }
  }
}

extension Graph.Language {
  func check(against graph: Graph) throws(Graph.Mismatch) {
    let scores = graph.outputs.first.flatMap { graph.value(named: $0) }?.shape.last?.fixedLength ?? 0
    guard vocabulary >= 1, vocabulary <= scores else {
      throw Graph.Mismatch("a vocabulary of \(vocabulary) has no place in the \(scores) scores of the first output")
    }
    guard (1...Graph.Limit.axisLength).contains(contextLength) else {
      throw Graph.Mismatch(
        "the context has \(contextLength) tokens, expected 1 to \(Graph.Limit.axisLength)")
    }
    let special = ends + (beginning.map { [$0] } ?? [])
    if let stranger = special.first(where: { !(0..<vocabulary).contains($0) }) {
      throw Graph.Mismatch("the token \(stranger) is none of a vocabulary of \(vocabulary)")
    }
    guard Set(ends).count == ends.count else { throw Graph.Mismatch("a token that ends a text is listed twice") }
  }

  enum CodingKeys: String, CodingKey, CaseIterable { case vocabulary, contextLength, beginning, ends }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    vocabulary = try container.decode(Int.self, forKey: .vocabulary)
    contextLength = try container.decode(Int.self, forKey: .contextLength)
    beginning = try container.decodeIfPresent(Int.self, forKey: .beginning)
    ends = try container.decode([Int].self, forKey: .ends)
  }
}
