/// The type of a tensor's elements. Raw values are libtorch's codes.
public enum DataType: Int32, Hashable, Sendable, CaseIterable, Codable {
  case uint8 = 0
  case int8 = 1
  case int16 = 2
  case int32 = 3
  case int64 = 4
  case float16 = 5
  case float32 = 6
  case float64 = 7
  case bool = 11
  case bfloat16 = 15

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .int16, .float16, .bfloat16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// Whether elements have a fraction, and so can have gradients.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    case .uint8, .int8, .int16, .int32, .int64, .bool: false
    }
  }
}

/// A Swift type that can be an element of a tensor.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  static var dataType: DataType { get }
}

extension Float: TensorScalar { public static var dataType: DataType { .float32 } }
extension Double: TensorScalar { public static var dataType: DataType { .float64 } }
extension Int64: TensorScalar { public static var dataType: DataType { .int64 } }
extension Int: TensorScalar { public static var dataType: DataType { .int64 } }
extension Int32: TensorScalar { public static var dataType: DataType { .int32 } }
extension Int16: TensorScalar { public static var dataType: DataType { .int16 } }
extension Int8: TensorScalar { public static var dataType: DataType { .int8 } }
extension UInt8: TensorScalar { public static var dataType: DataType { .uint8 } }
extension Bool: TensorScalar { public static var dataType: DataType { .bool } }
