import SwiftletFiles

extension Graph {
  /// Boxes around objects, predicted by every cell of maps of several strides.
  ///
  /// The output of a scale is `[batch, anchors * (5 + classes), rows, columns]`: anchor by anchor the raw numbers `x, y, w, h`,
  /// `o` and a score a class. With σ the sigmoid, the cell in row r and column c and an anchor say, in pixels of the input:
  ///
  ///     centre = ((2 σ(x) - 0.5 + c) stride, (2 σ(y) - 0.5 + r) stride)
  ///     width  = (2 σ(w))² anchor.width, height = (2 σ(h))² anchor.height
  ///     confidence of a class = σ(o) σ(score)
  ///
  /// Source: the detection head of YOLOv5, YOLOP and YOLOv7 (Wang et al., "YOLOv7", 2022).
  public struct Detection: MetadataSection {
    /// The name of each class, in the order of a box's scores.
    public var classes: [String]
    public var scales: [Scale]

    public init(classes: [String], scales: [Scale]) { (self.classes, self.scales) = (classes, scales) }

    /// One map of cells.
    public struct Scale: Hashable, Sendable {
      public var output: String
      /// Pixels of the input from one cell to the next.
      public var stride: Int
      public var anchors: [Anchor]

      public init(output: String, stride: Int, anchors: [Anchor]) {
        (self.output, self.stride, self.anchors) = (output, stride, anchors)
      }
    }

    /// A box that predictions start from, in pixels of the input.
    public struct Anchor: Hashable, Sendable {
      public var height, width: Float

      public init(height: Float, width: Float) { (self.height, self.width) = (height, width) }
    }
  }
}

extension Graph.Detection {
  func check(against graph: Graph) throws(Graph.Mismatch) {
    try Graph.checkNames(classes, of: "the classes")
    try Graph.checkOutputs(scales.map(\.output))
    let largestStride = 1 << 12
    for scale in scales {
      let (output, anchors) = (scale.output, scale.anchors)
      let shape = try graph.shape(ofOutput: output)
      guard (1...largestStride).contains(scale.stride), (1...64).contains(anchors.count),
        anchors.allSatisfy({ [$0.height, $0.width].allSatisfy { $0.isNormal && $0 > 0 } })
      else {
        throw Graph.Mismatch(
          "\(output) needs a stride of 1 to \(largestStride), and 1 to 64 anchors larger than 0")
      }
      let channels = anchors.count * (5 + classes.count)
      guard shape.count == 4, shape[1] == .fixed(channels) else {
        throw Graph.Mismatch(
          "\(output) is \(OperationRules.text(shape)), expected [batch, \(channels), rows, columns] for "
            + "\(anchors.count) anchors and \(classes.count) classes")
      }
    }
  }
}

extension Graph.Detection {
  enum CodingKeys: String, CodingKey, CaseIterable { case classes, scales }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    classes = try container.decode([String].self, forKey: .classes)
    scales = try container.decode([Scale].self, forKey: .scales)
  }
}

extension Graph.Detection.Scale: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case output, stride, anchors }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    output = try container.decode(String.self, forKey: .output)
    stride = try container.decode(Int.self, forKey: .stride)
    anchors = try container.decode([Graph.Detection.Anchor].self, forKey: .anchors)
  }
}

extension Graph.Detection.Anchor: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case height, width }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    height = try container.decode(Float.self, forKey: .height)
    width = try container.decode(Float.self, forKey: .width)
  }
}
