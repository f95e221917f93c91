import SwiftletFiles

extension Graph {
  /// The type of one element of a value or constant.
  public enum ElementType: String, Hashable, Sendable, FileWord, CaseIterable {
    case float32 = "f32"
    case bfloat16 = "bf16"
    case uint8 = "u8"
    case int8 = "s8"
    case int64 = "i64"

    public var byteCount: Int {
      switch self {
      case .float32: 4
      case .bfloat16: 2
      case .uint8, .int8: 1
      case .int64: 8
      }
    }
  }

  /// One axis: a fixed length, or a multiple of the batch size that is chosen at each run.
  public enum Dimension: Hashable, Sendable {
    case fixed(Int)
    /// `.batch(1)` is the batch size, `.batch(197)` is 197 times it.
    case batch(Int)

    /// The factor, whichever the kind.
    public var factor: Int {
      switch self {
      case .fixed(let factor), .batch(let factor): factor
      }
    }

    public var isBatch: Bool {
      if case .batch = self { true } else { false }
    }

    /// The length for a batch size.
    public func length(batch: Int) -> Int { isBatch ? factor * batch : factor }
  }

  /// The axes of a value, outermost first; at most one of them is a multiple of the batch size.
  public typealias Shape = [Dimension]

  /// How 8-bit integers stand for real numbers: `real = scale * (stored - zeroPoint)`.
  public struct Quantization: Hashable, Sendable {
    public var scale: Float
    /// In `0...255`.
    public var zeroPoint: Int

    public init(scale: Float, zeroPoint: Int) {
      self.scale = scale
      self.zeroPoint = zeroPoint
    }
  }

  /// A tensor that flows through the graph.
  public struct Value: Hashable, Sendable {
    public var name: String
    /// `f32`, `bf16`, `u8` or `i64`.
    public var type: ElementType
    public var shape: Shape
    /// Present exactly when `type` is `u8`.
    public var quantization: Quantization?

    public init(name: String, type: ElementType = .float32, shape: Shape, quantization: Quantization? = nil) {
      self.name = name
      self.type = type
      self.shape = shape
      self.quantization = quantization
    }
  }
}

extension Graph.Dimension: ExpressibleByIntegerLiteral, CustomStringConvertible {
  public init(integerLiteral value: Int) { self = .fixed(value) }

  /// The batch size itself.
  public static var batch: Self { .batch(1) }

  public var description: String {
    switch self {
    case .fixed(let length): "\(length)"
    case .batch(1): "batch"
    case .batch(let factor): "batch*\(factor)"
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
    if text == "batch" {
      self = .batch(1)
    } else if text.hasPrefix("batch*"), let factor = Int(text.dropFirst("batch*".count)), factor > 1 {
      self = .batch(factor)
    } else {
      throw GraphError.unreadable(
        "\"\(text)\"\(decoder.placeDescription) is no dimension: expected an integer, \"batch\" or \"batch*N\"")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if case .fixed(let length) = self { try container.encode(length) } else { try container.encode(description) }
  }
}

extension Graph.Quantization: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case scale, zeroPoint }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    scale = try container.decode(Float.self, forKey: .scale)
    zeroPoint = try container.decode(Int.self, forKey: .zeroPoint)
  }
}

extension Graph.Value: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case name, type, shape, quantization }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    type = try container.decode(Graph.ElementType.self, forKey: .type)
    shape = try container.decode(Graph.Shape.self, forKey: .shape)
    quantization = try container.decodeIfPresent(Graph.Quantization.self, forKey: .quantization)
  }
}
