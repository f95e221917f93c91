import SwiftletFiles

extension Graph {
  /// Maps that give every place of an image a class: the drivable area, the lines of lanes.
  ///
  /// The output of a map is `[batch, classes, rows, columns]` of scores, of which the highest is the place's class. Where
  /// several maps make one picture, a later one covers an earlier one wherever it sees another than its first class, the
  /// background.
  public struct Segmentation: MetadataSection {
    public var maps: [Map]

    public init(maps: [Map]) { self.maps = maps }

    public struct Map: Hashable, Sendable {
      public var output: String
      /// The name of each class, in the order of the scores, the background first.
      public var classes: [String]

      public init(output: String, classes: [String]) { (self.output, self.classes) = (output, classes) }
    }
  }
}

extension Graph.Segmentation {
  func check(against graph: Graph) throws(Graph.Mismatch) {
    try Graph.checkOutputs(maps.map(\.output))
    for map in maps {
      try Graph.checkNames(map.classes, of: "the classes of \(map.output)")
      let shape = try graph.shape(ofOutput: map.output)
      guard shape.count == 4, shape[1] == .fixed(map.classes.count) else {
        throw Graph.Mismatch(
          "\(map.output) is \(OperationRules.text(shape)), expected [batch, \(map.classes.count), rows, columns]")
      }
    }
  }
}

extension Graph.Segmentation {
  enum CodingKeys: String, CodingKey, CaseIterable { case maps }

  public init(from decoder: any Decoder) throws {
    maps = try decoder.strictContainer(keyedBy: CodingKeys.self).decode([Map].self, forKey: .maps)
  }
}

extension Graph.Segmentation.Map: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case output, classes }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    output = try container.decode(String.self, forKey: .output)
    classes = try container.decode([String].self, forKey: .classes)
  }
}
