extension JSONValue {
  /// As a JSON text in UTF-8, an element a line, as people's files have it; numbers as they were read.
  package var prettyBytes: [UInt8] { Array((text(depth: 0) + "\n").utf8) }

  private func text(depth: Int) -> String {
    let (inner, outer) = (String(repeating: "  ", count: depth + 1), String(repeating: "  ", count: depth))
    switch self {
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      let lines = members.map { "\(inner)\($0.key.quotedAsJSON): \($0.value.text(depth: depth + 1))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
    case .array(let values):
      guard !values.isEmpty else { return "[]" }
      return "[\n\(values.map { inner + $0.text(depth: depth + 1) }.joined(separator: ",\n"))\n\(outer)]"
    case .string(let text): return text.quotedAsJSON
    case .integer(let value): return "\(value)"
    case .other(let text): return text
    }
  }

  /// This object with another value under a key, at its place or, of a new key, at the end.
  ///
  /// - Precondition: it is an object.
  package mutating func set(_ key: String, to value: JSONValue) {
    guard case .object(var members) = self else { preconditionFailure("JSONValue.set: only an object has keys") }
    if let index = members.firstIndex(where: { $0.key == key }) {
      members[index].value = value
    } else {
      members.append((key, value))
    }
    self = .object(members)
  }

  package static func flag(_ value: Bool) -> JSONValue { .other(value ? "true" : "false") }

  /// A finite number in the fewest digits that give the same Float, so that a format that keeps 1e-5 in 32 bits gives
  /// 1e-05 back.
  ///
  /// - Precondition: it is finite.
  package static func number(_ value: Float) -> JSONValue {
    precondition(value.isFinite, "JSONValue.number: JSON cannot spell \(value)")
    return .other("\(value)")
  }
}
