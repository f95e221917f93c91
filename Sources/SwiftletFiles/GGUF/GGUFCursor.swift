/// Reads a GGUF file's header from front to back and never past the end.
struct GGUFCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private var remaining: Int { bytes.count - position }

  private mutating func take(_ count: Int, _ what: () -> String) throws(FileError) -> Range<Int> {
    guard count <= remaining else {
      throw .truncated("the \(count) bytes of \(what()) should follow byte \(position), \(remaining) do")
    }
    defer { position += count }
    return position..<position + count
  }

  mutating func integer<Value: FixedWidthInteger>(
    _ type: Value.Type, _ what: @autoclosure () -> String
  ) throws(FileError) -> Value {
    bytes.little(type, at: try take(MemoryLayout<Value>.size, what).lowerBound)
  }

  /// How many things follow, of which each takes `size` bytes or more: what the file cannot hold is refused before memory
  /// is taken for it.
  mutating func count(
    ofAtLeast size: Int, _ what: @autoclosure () -> String
  ) throws(FileError) -> Int {
    let announced = try integer(UInt64.self, "the number of \(what())")
    guard announced <= UInt64(remaining / size) else {
      throw .damaged("it announces \(announced) \(what()), more than its \(bytes.count) bytes can hold")
    }
    return Int(announced)
  }

  mutating func text(_ what: @autoclosure () -> String) throws(FileError) -> String {
    let count = try count(ofAtLeast: 1, "bytes of \(what())")
    let place = try take(count, what)
    guard let text = String(validating: bytes[place], as: UTF8.self) else {
      throw .damaged("\(what()) at byte \(place.lowerBound) is not UTF-8")
    }
    return text
  }

  /// Text that messages show as it is.
  mutating func name(_ what: @autoclosure () -> String) throws(FileError) -> String {
    let name = try text(what())
    guard name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw .damaged("\(what()) holds a control character: \(name.quotedAsJSON)")
    }
    return name
  }

  /// The value that a key stands for.
  mutating func value(of key: String) throws(FileError) -> GGUFValue {
    let type = try type(of: key)
    switch type {
    case .text: return .text(try text("the text of \(key)"))
    case .flag: return .flag(try flag(key))
    case .float32, .float64: return .number(try number(type, key))
    case .list: return try list(key)
    default: return .integer(try integer(type, key))
    }
  }

  private mutating func type(of key: String) throws(FileError) -> ValueType {
    let code = try integer(UInt32.self, "the type of \(key)")
    guard let type = ValueType(rawValue: code) else {
      throw .damaged("its \(key) is of type \(code), which there is not")
    }
    return type
  }

  private mutating func list(_ key: String) throws(FileError) -> GGUFValue {
    let type = try type(of: key)
    let count = try count(ofAtLeast: type.leastByteCount, "elements of \(key)")
    switch type {
    case .text: return .texts(try elements(count) { (cursor) throws(FileError) in try cursor.text("a text of \(key)") })
    case .flag: return .flags(try elements(count) { (cursor) throws(FileError) in try cursor.flag(key) })
    case .float32, .float64:
      return .numbers(try elements(count) { (cursor) throws(FileError) in try cursor.number(type, key) })
    case .list: throw .unsupported("holds lists in a list under \(key), which is not read")
    default: return .integers(try elements(count) { (cursor) throws(FileError) in try cursor.integer(type, key) })
    }
  }

  private mutating func elements<Element>(
    _ count: Int, _ next: (inout GGUFCursor) throws(FileError) -> Element
  ) throws(FileError) -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try next(&self)) }
    return elements
  }

  private mutating func flag(_ key: String) throws(FileError) -> Bool {
    switch try integer(UInt8.self, key) {
    case 0: return false
    case 1: return true
    case let byte: throw .damaged("its \(key) is \(byte), a flag is 0 or 1")
    }
  }

  private mutating func number(_ type: ValueType, _ key: String) throws(FileError) -> Double {
    type == .float64
      ? Double(bitPattern: try integer(UInt64.self, key)) : Double(Float(bitPattern: try integer(UInt32.self, key)))
  }

  private mutating func integer(_ type: ValueType, _ key: String) throws(FileError) -> Int {
    switch type {
    case .uint8: return Int(try integer(UInt8.self, key))
    case .int8: return Int(try integer(Int8.self, key))
    case .uint16: return Int(try integer(UInt16.self, key))
    case .int16: return Int(try integer(Int16.self, key))
    case .uint32: return Int(try integer(UInt32.self, key))
    case .int32: return Int(try integer(Int32.self, key))
    case .int64: return Int(try integer(Int64.self, key))
    default:
      let value = try integer(UInt64.self, key)
      guard let number = Int(exactly: value) else {
        throw .unsupported("has \(value) under \(key), which is too large")
      }
      return number
    }
  }

  /// The types of values, by the format's codes.
  private enum ValueType: UInt32 {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, flag, text, list, uint64, int64, float64

    /// The least that a value takes.
    var leastByteCount: Int {
      switch self {
      case .uint8, .int8, .flag: 1
      case .uint16, .int16: 2
      case .uint32, .int32, .float32: 4
      case .text, .uint64, .int64, .float64: 8
      case .list: 12
      }
    }
  }
}
