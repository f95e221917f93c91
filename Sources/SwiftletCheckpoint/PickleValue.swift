import SwiftletTensor

/// What a pickle holds, as plain values. Nothing in it was executed: an instance of a class that Swiftlet does not know
/// stays an ``object(_:arguments:state:)``.
public indirect enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer of more than 64 bits: two's complement, least significant byte first.
  case bigInteger([UInt8])
  case double(Double)
  case string(String)
  case bytes([UInt8])
  case list([PickleValue])
  case tuple([PickleValue])
  case dictionary([(key: PickleValue, value: PickleValue)])
  case tensor(Tensor)
  /// A class or a function by its full name.
  case global(String)
  case object(String, arguments: [PickleValue], state: PickleValue?)

  /// The value of a text key, if this is a dictionary that has it.
  public subscript(name: String) -> PickleValue? {
    guard case .dictionary(let entries) = self else { return nil }
    return entries.last { if case .string(let key) = $0.key { key == name } else { false } }?.value
  }

  /// The integer this is, if it is one.
  public var asInt: Int? { if case .int(let value) = self { value } else { nil } }
  /// The number this is, an integer included.
  public var asDouble: Double? {
    switch self {
    case .double(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }
  public var asString: String? { if case .string(let value) = self { value } else { nil } }
  public var asTensor: Tensor? { if case .tensor(let value) = self { value } else { nil } }
}
