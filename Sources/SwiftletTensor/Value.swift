import CSwiftletTorch

/// An argument or a result of an ``Operator``.
public enum Value {
  case none
  case tensor(Tensor)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case string(String)
  case ints([Int])
  case doubles([Double])
  case bools([Bool])
  case tensors([Tensor])
  case optionalTensors([Tensor?])
  case object(TorchObject)
}

/// A value of libtorch that has no Swift counterpart, such as a random generator.
public final class TorchObject: @unchecked Sendable {
  let handle: swt_object
  init(owning handle: swt_object) { self.handle = handle }
  deinit { swt_object_release(handle) }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .none }

  /// The tensor, or none.
  static func optional(_ tensor: Tensor?) -> Value { tensor.map(Value.tensor) ?? .none }
  static func optional(_ type: DataType?) -> Value { type.map { .int(Int($0.rawValue)) } ?? .none }
  static func optional(_ value: Int?) -> Value { value.map(Value.int) ?? .none }
  static func optional(_ value: Double?) -> Value { value.map(Value.double) ?? .none }
  static func type(_ type: DataType) -> Value { .int(Int(type.rawValue)) }
  static func device(_ device: Device) -> Value { .string(device.description) }
  static func generator(_ generator: Generator) -> Value { .object(generator.object) }

  /// The tensor this is, if it is one.
  public var asTensor: Tensor? { if case .tensor(let tensor) = self { tensor } else { nil } }
  public var asInt: Int? { if case .int(let value) = self { value } else { nil } }
  public var asInts: [Int]? { if case .ints(let values) = self { values } else { nil } }
  public var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var asString: String? { if case .string(let value) = self { value } else { nil } }
  /// The number this is, an integer included.
  public var asDouble: Double? {
    switch self {
    case .double(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }
  /// Every tensor in this value, lists included.
  public var allTensors: [Tensor] {
    switch self {
    case .tensor(let tensor): [tensor]
    case .tensors(let tensors): tensors
    case .optionalTensors(let tensors): tensors.compactMap { $0 }
    default: []
    }
  }
}

// MARK: - Crossing into C

extension Value {
  /// Bytes that the value's list or text takes beside the `swt_value`, a multiple of 8.
  var scratchByteCount: Int {
    switch self {
    case .none, .tensor, .int, .double, .bool, .object: 0
    case .string(let text): (text.utf8.count + 8) & ~7
    case .ints(let list): list.count * 8
    case .doubles(let list): list.count * 8
    case .bools(let list): (list.count + 7) & ~7
    case .tensors(let list): list.count * 8
    case .optionalTensors(let list): list.count * 8
    }
  }

  /// The C view of this value, which must outlive it; lists and text go to `scratch`, which moves on.
  func lower(_ scratch: inout UnsafeMutableRawPointer) -> swt_value {
    var value = swt_value()
    let start = scratch
    func list<Element>(_ tag: Int, _ count: Int, _ elements: some Sequence<Element>) {
      value.tag = Int32(tag)
      value.count = Int32(count)
      value.u.p = start
      let memory = start.bindMemory(to: Element.self, capacity: count)
      for (i, element) in elements.enumerated() { (memory + i).initialize(to: element) }
    }
    switch self {
    case .none: value.tag = Int32(SWT_NONE)
    case .tensor(let tensor):
      value.tag = Int32(SWT_TENSOR)
      value.u.p = UnsafeMutableRawPointer(tensor.handle)
    case .int(let number):
      value.tag = Int32(SWT_INT)
      value.u.i = Int64(number)
    case .double(let number):
      value.tag = Int32(SWT_DOUBLE)
      value.u.d = number
    case .bool(let flag):
      value.tag = Int32(SWT_BOOL)
      value.u.b = flag
    case .string(let text):
      list(SWT_STRING, text.utf8.count, text.utf8CString)
    case .ints(let numbers): list(SWT_INTS, numbers.count, numbers)
    case .doubles(let numbers): list(SWT_DOUBLES, numbers.count, numbers)
    case .bools(let flags): list(SWT_BOOLS, flags.count, flags)
    case .tensors(let tensors): list(SWT_TENSORS, tensors.count, tensors.lazy.map { $0.handle })
    case .optionalTensors(let tensors):
      list(SWT_OPTIONAL_TENSORS, tensors.count, tensors.lazy.map { $0?.handle })
    case .object(let object):
      value.tag = Int32(SWT_OBJECT)
      value.u.p = UnsafeMutableRawPointer(object.handle)
    }
    scratch += scratchByteCount
    return value
  }

  /// Takes over a result.
  init(taking value: swt_value) {
    func elements<Element>(of type: Element.Type) -> [Element] {
      defer { swt_free(value.u.p) }
      guard let memory = value.u.p else { return [] }
      return Array(UnsafeBufferPointer(start: memory.assumingMemoryBound(to: type), count: Int(value.count)))
    }
    switch (Int(value.tag), value.u.p) {
    case (Int(SWT_TENSOR), let pointer?): self = .tensor(Tensor(owning: swt_tensor(pointer)))
    case (Int(SWT_INT), _): self = .int(Int(value.u.i))
    case (Int(SWT_DOUBLE), _): self = .double(value.u.d)
    case (Int(SWT_BOOL), _): self = .bool(value.u.b)
    case (Int(SWT_STRING), let pointer?):
      self = .string(String(cString: pointer.assumingMemoryBound(to: CChar.self)))
      swt_free(pointer)
    case (Int(SWT_INTS), _): self = .ints(elements(of: Int64.self).map(Int.init))
    case (Int(SWT_DOUBLES), _): self = .doubles(elements(of: Double.self))
    case (Int(SWT_BOOLS), _): self = .bools(elements(of: Bool.self))
    case (Int(SWT_OPTIONAL_TENSORS), _):
      let tensors = elements(of: swt_tensor?.self).map { $0.map(Tensor.init(owning:)) }
      let present = tensors.compactMap { $0 }
      self = present.count == tensors.count ? .tensors(present) : .optionalTensors(tensors)
    case (Int(SWT_OBJECT), let pointer?): self = .object(TorchObject(owning: swt_object(pointer)))
    default: self = .none
    }
  }
}
