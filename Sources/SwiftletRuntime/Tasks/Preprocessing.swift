import SwiftletFiles

extension Graph {
  /// From RGB or grey bytes to the network's input: resize, crop the centre, then `(byte / 255 - mean) / deviation`.
  public struct Preprocessing: Hashable, Sendable {
    /// How an image of any size is brought near the network's.
    public enum Resize: Hashable, Sendable {
      /// The shorter side gets this length, the aspect ratio stays.
      case shortestSide(Int)
      /// Both sides get the network's size, the aspect ratio is lost.
      case stretch
      /// Both sides get these lengths, the aspect ratio is lost.
      case stretchTo(height: Int, width: Int)
      /// The smallest size that covers these lengths, the aspect ratio stays.
      case cover(height: Int, width: Int)
    }

    public enum Interpolation: String, Hashable, Sendable, FileWord, CaseIterable {
      case bilinear, bicubic
    }

    /// The network's input size, in pixels; what is larger after resizing is cropped around the centre.
    public var height: Int
    public var width: Int
    public var resize: Resize
    public var interpolation: Interpolation
    /// Of each channel (red, green, blue; or grey alone), in units of `byte / 255`.
    public var mean: [Float]
    public var deviation: [Float]

    /// 3, or 1 for a network that sees grey.
    public var channels: Int { mean.count }

    public init(
      height: Int, width: Int, resize: Resize = .stretch, interpolation: Interpolation = .bicubic,
      mean: [Float] = [0.485, 0.456, 0.406], deviation: [Float] = [0.229, 0.224, 0.225]
    ) {
      self.height = height
      self.width = width
      self.resize = resize
      self.interpolation = interpolation
      self.mean = mean
      self.deviation = deviation
    }
  }
}

extension Graph.Preprocessing: MetadataSection {
  func check(against graph: Graph) throws(Graph.Mismatch) {
    let side = 1...(1 << 15)
    guard side.contains(height), side.contains(width) else {
      throw Graph.Mismatch("the size \(height) x \(width) is out of range")
    }
    func covers(_ resizedHeight: Int, _ resizedWidth: Int) -> Bool {
      side.contains(resizedHeight) && side.contains(resizedWidth) && resizedHeight >= height && resizedWidth >= width
    }
    switch resize {
    case .stretch: break
    case .shortestSide(let length):
      guard covers(length, length) else {
        throw Graph.Mismatch("a shorter side of \(length) does not cover the network's input")
      }
    case .stretchTo(let resizedHeight, let resizedWidth), .cover(let resizedHeight, let resizedWidth):
      guard covers(resizedHeight, resizedWidth) else {
        throw Graph.Mismatch("a size of \(resizedHeight) x \(resizedWidth) does not cover the network's input")
      }
    }
    guard [1, 3].contains(mean.count), deviation.count == mean.count, mean.allSatisfy(\.isFinite),
      deviation.allSatisfy({ $0.isNormal && $0 > 0 })
    else { throw Graph.Mismatch("mean and deviation need three numbers or one each, deviations above 0") }
  }
}

extension Graph.Preprocessing.Resize: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case stretch, cover }

  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.singleValueContainer() {
      if let side = try? container.decode(Int.self) {
        self = .shortestSide(side)
        return
      }
      if let text = try? container.decode(String.self) {
        guard text == "stretch" else {
          throw GraphError.unreadable(
            "unknown resize mode \"\(text)\"\(decoder.placeDescription): expected \"stretch\", the shorter side's "
              + "length, or an object with \"stretch\" or \"cover\"")
        }
        self = .stretch
        return
      }
    }
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    let isStretched = container.contains(.stretch)
    let sides = try container.decode([Int].self, forKey: isStretched ? .stretch : .cover)
    guard sides.count == 2, container.allKeys.count == 1 else {
      throw GraphError.unreadable(
        "the resize mode\(decoder.placeDescription) needs height and width of \"stretch\" or of \"cover\"")
    }
    self =
      isStretched ? .stretchTo(height: sides[0], width: sides[1]) : .cover(height: sides[0], width: sides[1])
  }

  public func encode(to encoder: any Encoder) throws {
    func write(_ height: Int, _ width: Int, _ key: CodingKeys) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode([height, width], forKey: key)
    }
    switch self {
    case .shortestSide(let side):
      var container = encoder.singleValueContainer()
      try container.encode(side)
    case .stretch:
      var container = encoder.singleValueContainer()
      try container.encode("stretch")
    case .stretchTo(let height, let width): try write(height, width, .stretch)
    case .cover(let height, let width): try write(height, width, .cover)
    }
  }
}

extension Graph.Preprocessing {
  enum CodingKeys: String, CodingKey, CaseIterable { case height, width, resize, interpolation, mean, deviation }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    height = try container.decode(Int.self, forKey: .height)
    width = try container.decode(Int.self, forKey: .width)
    resize = try container.decode(Resize.self, forKey: .resize)
    interpolation = try container.decode(Interpolation.self, forKey: .interpolation)
    mean = try container.decode([Float].self, forKey: .mean)
    deviation = try container.decode([Float].self, forKey: .deviation)
  }
}
