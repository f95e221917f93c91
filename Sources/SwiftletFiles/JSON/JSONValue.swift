/// A value of JSON.
package indirect enum JSONValue: Sendable {
  case object([(key: String, value: JSONValue)])
  case array([JSONValue])
  case string(String)
  case integer(Int)
  /// A number that is no 64-bit integer, or `true`, `false`, `null`.
  case other(String)

  /// The value that a text is.
  ///
  /// - Parameter comparingKeysByBytes: lets keys of one object differ in bytes alone, as tokens of a vocabulary do: é, and
  ///   e with an accent behind it. They are equal as `String`, so that such an object makes no dictionary.
  package init(
    parsing bytes: UnsafeRawBufferPointer, comparingKeysByBytes: Bool = false
  ) throws(JSONSyntaxError) {
    var scanner = JSONScanner(bytes, comparingKeysByBytes: comparingKeysByBytes)
    self = try scanner.wholeValue()
  }

  /// The members of the object that a text is, in order.
  package static func members(of bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> [(
    key: String, value: JSONValue
  )] {
    guard case .object(let members) = try JSONValue(parsing: bytes) else {
      throw JSONSyntaxError(byte: 0, problem: "it is not an object")
    }
    return members
  }

  /// The members of an object whose values are all texts.
  package static func texts(_ members: [(key: String, value: JSONValue)]) throws(FileError) -> [String: String] {
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else { throw .damaged("the metadata for \(key) is not text") }
      result[key] = text
    }
    return result
  }

  /// The value of a key, if this is an object that has it and it is not `null`.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let entries) = self, let value = entries.first(where: { $0.key == key })?.value else {
      return nil
    }
    if case .other("null") = value { return nil }
    return value
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  package var list: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

  /// A finite number, an integer included.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .other(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
    default: nil
    }
  }

  package var flag: Bool? {
    switch self {
    case .other("true"): true
    case .other("false"): false
    default: nil
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// As JSON, the long ones cut short.
  package var description: String {
    let text =
      switch self {
      case .object: "an object"
      case .array(let values): "[" + values.prefix(9).map(\.description).joined(separator: ", ") + "]"
      case .string(let text): text.quotedAsJSON
      case .integer(let value): "\(value)"
      case .other(let text): text
      }
    return text.count > 80 ? text.prefix(79) + "…" : text
  }
}

extension String {
  /// As a JSON text, quotation marks included.
  package var quotedAsJSON: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
