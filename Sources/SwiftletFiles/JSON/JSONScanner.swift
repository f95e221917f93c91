/// Reads JSON strictly: no key twice, nothing after the end, bounded nesting, no number past the range of `Double`.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int
  private let comparesKeysByBytes: Bool

  init(_ bytes: UnsafeRawBufferPointer, comparingKeysByBytes: Bool) {
    (self.bytes, position, end, comparesKeysByBytes) = (bytes, 0, bytes.count, comparingKeysByBytes)
  }

  /// The value that fills the bytes, spaces around it aside.
  mutating func wholeValue() throws(JSONSyntaxError) -> JSONValue {
    skipSpaces()
    let value = try value(depth: 0)
    skipSpaces()
    guard position == end else { throw damage("something follows its end") }
    return value
  }

  private func damage(_ what: String) -> JSONSyntaxError { JSONSyntaxError(byte: position, problem: what) }

  private mutating func skipSpaces() {
    while position < end, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func accept(_ character: Character) -> Bool {
    skipSpaces()
    guard position < end, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    guard depth < 16 else { throw damage("it nests too deeply") }
    skipSpaces()
    guard position < end else { throw damage("it ends early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try members(depth))
    case UInt8(ascii: "["): return .array(try elements(depth))
    case UInt8(ascii: "\""): return .string(try string())
    default: return try scalar()
    }
  }

  private mutating func members(_ depth: Int) throws(JSONSyntaxError) -> [(key: String, value: JSONValue)] {
    _ = accept("{")
    var entries: [(key: String, value: JSONValue)] = []
    var (seen, seenBytes): (Set<String>, Set<[UInt8]>) = ([], [])
    if accept("}") { return entries }
    repeat {
      skipSpaces()
      guard position < end, bytes[position] == UInt8(ascii: "\"") else { throw damage("a key is missing") }
      let key = try string()
      let isNew = comparesKeysByBytes ? seenBytes.insert(Array(key.utf8)).inserted : seen.insert(key).inserted
      guard isNew else { throw damage("the key \(key) appears twice") }
      guard accept(":") else { throw damage("a colon is missing") }
      entries.append((key, try value(depth: depth + 1)))
    } while accept(",")
    guard accept("}") else { throw damage("a closing brace is missing") }
    return entries
  }

  private mutating func elements(_ depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
    _ = accept("[")
    var values: [JSONValue] = []
    if accept("]") { return values }
    repeat { values.append(try value(depth: depth + 1)) } while accept(",")
    guard accept("]") else { throw damage("a closing bracket is missing") }
    return values
  }

  private mutating func scalar() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    while position < end, Self.isScalar(bytes[position]) { position += 1 }
    guard position > start else { throw damage("a value is missing") }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let number = Int(text), text.first != "+" { return .integer(number) }
    guard ["true", "false", "null"].contains(text) || Double(text)?.isFinite == true else {
      throw damage("\(text) is no value")
    }
    return .other(text)
  }

  private static func isScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var units: [UInt8] = []
    while position < end {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else { throw damage("a text is not UTF-8") }
        return text
      case UInt8(ascii: "\\"): units += try escape()
      case 0..<0x20: throw damage("a text holds a control character")
      default: units.append(byte)
      }
    }
    throw damage("a text does not end")
  }

  private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
    guard position < end else { throw damage("a text does not end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = UInt32(try hexadecimal())
      if 0xd800..<0xdc00 ~= code, position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let low = UInt32(try hexadecimal())
        guard 0xdc00..<0xe000 ~= low else { throw damage("half of a surrogate pair is missing") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw damage("half of a surrogate pair is missing") }
      return Array(String(Character(scalar)).utf8)
    default: throw damage("an escape is unknown")
    }
  }

  private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt16 {
    guard end - position >= 4,
      let code = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
      bytes[position] != UInt8(ascii: "+")
    else { throw damage("a \\u escape has no four hexadecimal digits") }
    position += 4
    return code
  }
}
