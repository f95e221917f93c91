import SwiftletFiles

extension Graph {
  /// The type of one element of a value or constant.
  public enum ElementType: String, Hashable, Sendable, FileWord, CaseIterable {
    case float32 = "f32"
    case bfloat16 = "bf16"
    case float16 = "f16"
    case uint8 = "u8"
    case int8 = "s8"
    /// Two to a byte.
    case uint4 = "u4"
    case int64 = "i64"

    public var bitCount: Int {
      switch self {
      case .float32: 32
      case .bfloat16, .float16: 16
      case .uint8, .int8: 8
      case .uint4: 4
      case .int64: 64
      }
    }

    /// Bytes of an element by itself.
    public var byteCount: Int { (bitCount + 7) / 8 }
  }

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
    /// `f32`, `bf16`, `u8` or `i64`; a state can be `f16`.
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
