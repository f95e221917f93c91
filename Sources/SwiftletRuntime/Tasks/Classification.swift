import SwiftletFiles

extension Graph {
  /// The first output, `[batch, classes]`, scores each class; the highest is the answer.
  public struct Classification: MetadataSection {
    /// The name of each class, in the order of the scores.
    public var classes: [String]

    public init(classes: [String]) { self.classes = classes }
  }
}

extension Graph.Classification {
  func check(against graph: Graph) throws(Graph.Mismatch) {
    guard (1...Graph.Limit.parts).contains(classes.count) else {
      throw Graph.Mismatch("there are \(classes.count) classes, expected 1 to \(Graph.Limit.parts)")
    }
    let scores = graph.outputs.first.flatMap { graph.value(named: $0) }?.shape.last
    guard scores == .fixed(classes.count) else {
      throw Graph.Mismatch(
        "there are \(classes.count), the first output has \(scores?.description ?? "no") scores")
    }
  }

  enum CodingKeys: String, CodingKey, CaseIterable { case classes }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    classes = try container.decode([String].self, forKey: .classes)
  }
}
