import SwiftletFiles

/// A value in a chat template.
enum TemplateValue: Sendable {
  /// A name that nothing was given for.
  case undefined
  case null
  case flag(Bool)
  case integer(Int)
  case text(String)
  case list([TemplateValue])
  case object([(key: String, value: TemplateValue)])
  /// What `namespace()` makes, by its number: all names for it see its changes.
  case namespace(Int)

  var isTrue: Bool {
    switch self {
    case .undefined, .null: false
    case .flag(let flag): flag
    case .integer(let value): value != 0
    case .text(let text): !text.isEmpty
    case .list(let values): !values.isEmpty
    case .object(let members): !members.isEmpty
    case .namespace: true
    }
  }

  /// What a value weighs beside the bytes of its texts.
  static let ownWeight = 32

  /// The bytes of its texts and keys, and ``ownWeight`` for itself and for each value in it, as often as it is there.
  ///
  /// - Throws: where it reaches the limit, or has more levels of lists and objects than `depth`. No more of it is
  ///   looked at than that takes.
  func weight(below limit: Int, depth: Int) throws(TokenizerError) -> Int {
    var weight = Self.ownWeight
    switch self {
    case .text(let text): weight += text.utf8.count
    case .list(let values):
      guard depth > 0 else { throw .nestsTooDeeply }
      for value in values { weight += try value.weight(below: limit - weight, depth: depth - 1) }
    case .object(let members):
      guard depth > 0 else { throw .nestsTooDeeply }
      for (key, value) in members {
        weight += key.utf8.count
        weight += try value.weight(below: limit - weight, depth: depth - 1)
      }
    default: break
    }
    guard weight < limit else { throw .writesWithoutEnd }
    return weight
  }

  /// As Python prints it.
  var printed: String {
    switch self {
    case .undefined: ""
    case .null: "None"
    case .flag(let flag): flag ? "True" : "False"
    case .integer(let value): "\(value)"
    case .text(let text): text
    case .list(let values): "[\(values.map(\.quoted).joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(TemplateValue.text($0.key).quoted): \($0.value.quoted)" }.joined(separator: ", "))}"
    case .namespace: "<Namespace>"
    }
  }

  private var quoted: String {
    guard case .text(let text) = self else { return printed }
    let mark: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var result = String(mark)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\\": result += "\\\\"
      case mark: result += "\\" + String(mark)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + String(mark)
  }

  /// What it is, for sentences.
  var kind: String {
    switch self {
    case .undefined: "an undefined value"
    case .null: "none"
    case .flag: "a truth value"
    case .integer: "a number"
    case .text: "text"
    case .list: "a list"
    case .object: "an object"
    case .namespace: "a namespace"
    }
  }

  static func == (a: TemplateValue, b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.undefined, .undefined), (.null, .null): true
    case (.flag(let x), .flag(let y)): x == y
    case (.integer(let x), .integer(let y)): x == y
    case (.flag(let x), .integer(let y)), (.integer(let y), .flag(let x)): (x ? 1 : 0) == y
    // By bytes: as `String` two that look alike would be equal.
    case (.text(let x), .text(let y)): x.utf8.elementsEqual(y.utf8)
    case (.list(let x), .list(let y)): x.count == y.count && zip(x, y).allSatisfy { $0 == $1 }
    case (.object(let x), .object(let y)): x.count == y.count && equals(x, y)
    case (.namespace(let x), .namespace(let y)): x == y
    default: false
    }
  }

  /// By the keys' bytes, whatever their order; it costs no more than either weighs.
  private static func equals(
    _ a: [(key: String, value: TemplateValue)], _ b: [(key: String, value: TemplateValue)]
  ) -> Bool {
    func keyBytes(_ members: [(key: String, value: TemplateValue)]) -> Int {
      members.reduce(0) { $0 + $1.key.utf8.count }
    }
    guard keyBytes(a) == keyBytes(b) else { return false }
    let others = Dictionary(b.map { (Array($0.key.utf8), $0.value) }) { first, _ in first }
    return a.allSatisfy { member in others[Array(member.key.utf8)].map { member.value == $0 } ?? false }
  }

  /// As JSON in the form of Python's `json.dumps`, without escaping what is not ASCII.
  func json(indent: Int? = nil, depth: Int = 0) throws(TokenizerError) -> String {
    let (opening, closing, separator) =
      if let indent {
        (
          "\n" + String(repeating: " ", count: indent * (depth + 1)),
          "\n" + String(repeating: " ", count: indent * depth),
          ",\n" + String(repeating: " ", count: indent * (depth + 1))
        )
      } else {
        ("", "", ", ")
      }
    switch self {
    case .null: return "null"
    case .flag(let flag): return flag ? "true" : "false"
    case .integer(let value): return "\(value)"
    case .text(let text): return text.quotedAsJSON
    case .list(let values):
      if values.isEmpty { return "[]" }
      var parts: [String] = []
      for value in values { parts.append(try value.json(indent: indent, depth: depth + 1)) }
      return "[" + opening + parts.joined(separator: separator) + closing + "]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      var parts: [String] = []
      for (key, value) in members {
        parts.append("\(key.quotedAsJSON): \(try value.json(indent: indent, depth: depth + 1))")
      }
      return "{" + opening + parts.joined(separator: separator) + closing + "}"
    case .undefined, .namespace: throw .unsupported("the chat template writes \(kind) as JSON")
    }
  }
}

extension TokenizerError {
  static let nestsTooDeeply = TokenizerError.unsupported("a list of the chat template nests too deeply")
  static let writesWithoutEnd = TokenizerError.unsupported("the chat template writes without end")
}
