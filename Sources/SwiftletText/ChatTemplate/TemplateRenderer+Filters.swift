import SwiftletFiles

extension TemplateRenderer {
  private mutating func argument(
    _ index: Int, named name: String, of arguments: TemplateExpression.Arguments
  ) throws(TokenizerError) -> TemplateValue? {
    if index < arguments.values.count { return try evaluate(arguments.values[index]) }
    guard let named = arguments.named.first(where: { $0.name == name }) else { return nil }
    return try evaluate(named.value)
  }

  mutating func filter(
    _ value: TemplateValue, _ filter: TemplateExpression.Filter, _ arguments: TemplateExpression.Arguments
  ) throws(TokenizerError) -> TemplateValue {
    switch filter {
    case .trim:
      return .text(try printed(value).trimmed(.both, of: try text(argument(0, named: "chars", of: arguments))))
    case .upper: return .text(try printed(value).uppercased())
    case .lower: return .text(try printed(value).lowercased())
    case .string: return .text(try printed(value))
    case .safe: return value
    case .length, .count: return .integer(try length(of: value))
    case .first: return try elements(of: value).first ?? .undefined
    case .last: return try elements(of: value).last ?? .undefined
    case .list: return .list(try elements(of: value))
    case .reverse:
      try pass(through: value)
      if case .text(let text) = value { return .text(String(String.UnicodeScalarView(text.unicodeScalars.reversed()))) }
      return .list(try elements(of: value).reversed())
    case .items: return try method(value, .items, arguments)
    case .replace: return try method(.text(try printed(value)), .replace, arguments)
    case .join:
      let separator = try argument(0, named: "d", of: arguments).map { (value) throws(TokenizerError) in
        try printed(value)
      }
      let parts = try elements(of: value)
      try make(try weigh(.list(parts)) + parts.count * (separator?.utf8.count ?? 0))
      return .text(parts.map(\.printed).joined(separator: separator ?? ""))
    case .default:
      let isBoolean = try argument(1, named: "boolean", of: arguments)?.isTrue ?? false
      if case .undefined = value { return try argument(0, named: "default_value", of: arguments) ?? .text("") }
      if isBoolean, !value.isTrue { return try argument(0, named: "default_value", of: arguments) ?? .text("") }
      return value
    case .tojson:
      switch try argument(0, named: "indent", of: arguments) {
      case nil, .null: return .text(try json(value, indent: nil))
      case .integer(let indent) where (0...16).contains(indent): return .text(try json(value, indent: indent))
      case let other?: throw .unsupported("the chat template indents JSON by \(other.printed)")
      }
    }
  }

  private mutating func json(_ value: TemplateValue, indent: Int?) throws(TokenizerError) -> String {
    // A byte may take six, as `\u001f`, and in front of a value stands the indent once for each level that it is below.
    try make(try weigh(value) * (6 + (indent ?? 0)))
    return try value.json(indent: indent)
  }

  private func text(_ value: TemplateValue?) throws(TokenizerError) -> String? {
    switch value {
    case nil, .null: return nil
    case .text(let text): return text
    case let other?: throw .damaged("the chat template gives \(other.kind) where text is needed")
    }
  }

  private mutating func length(of value: TemplateValue) throws(TokenizerError) -> Int {
    switch value {
    case .text(let text):
      try pass(through: value)
      return text.unicodeScalars.count
    case .list(let values): return values.count
    case .object(let members): return members.count
    case .undefined: return 0
    default: throw .damaged("the chat template asks for the length of \(value.kind)")
    }
  }

  mutating func method(
    _ value: TemplateValue, _ method: TemplateExpression.Method, _ arguments: TemplateExpression.Arguments
  ) throws(TokenizerError) -> TemplateValue {
    try pass(through: value)
    if case .object(let members) = value {
      switch method {
      case .items: return try made(.list(members.map { .list([.text($0.key), $0.value]) }))
      case .keys: return .list(members.map { .text($0.key) })
      case .values: return .list(members.map(\.value))
      case .get:
        guard let key = try text(argument(0, named: "key", of: arguments)) else { break }
        if let found = members.value(of: key) { return found }
        return try argument(1, named: "default", of: arguments) ?? .null
      default: break
      }
    }
    guard case .text(let text) = value else {
      throw .damaged("the chat template calls \(method.rawValue) of \(value.kind)")
    }
    let first = try self.text(argument(0, named: method.parameters.first ?? "", of: arguments))
    switch method {
    case .strip: return .text(text.trimmed(.both, of: first))
    case .lstrip: return .text(text.trimmed(.start, of: first))
    case .rstrip: return .text(text.trimmed(.end, of: first))
    case .upper: return .text(text.uppercased())
    case .lower: return .text(text.lowercased())
    case .startswith, .endswith:
      guard let first else { throw .damaged("the chat template's \(method.rawValue) has no text") }
      return .flag(
        method == .startswith
          ? text.utf8.starts(with: first.utf8) : text.utf8.reversed().starts(with: first.utf8.reversed()))
    case .split:
      guard let first else {
        try make((text.unicodeScalars.count(where: \.properties.isWhitespace) + 1) * TemplateValue.ownWeight)
        return .list(
          text.unicodeScalars.split { $0.properties.isWhitespace }.map { .text(String(String.UnicodeScalarView($0))) })
      }
      guard !first.isEmpty else { throw .damaged("the chat template splits a text by nothing") }
      try make(text.utf8.count + (try count(of: first, in: text) + 1) * TemplateValue.ownWeight)
      return .list(text.parts(separatedBy: first).map { .text($0) })
    case .replace:
      guard let first, !first.isEmpty, let new = try self.text(argument(1, named: "new", of: arguments)) else {
        throw .damaged("the chat template's replace has no two texts")
      }
      try make(text.utf8.count + (try count(of: first, in: text)) * new.utf8.count)
      return .text(String(decoding: Array(text.utf8).replacing(Array(first.utf8), Array(new.utf8)), as: UTF8.self))
    case .get, .items, .keys, .values: throw .damaged("the chat template calls \(method.rawValue) of text")
    }
  }
}

extension TemplateRenderer {
  /// How often a text holds another, which is not empty.
  mutating func count(of part: String, in text: String) throws(TokenizerError) -> Int {
    // At each place as many bytes are compared as are equal, which takes no longer than reading an eighth of them.
    try spend(text.utf8.count * (1 + part.utf8.count / 8))
    var count = 0
    text.forEachPlace(of: part) { _ in count += 1 }
    return count
  }
}

/// Which end of a text is trimmed.
private enum Side {
  case start, end, both
}

extension String {
  /// Without the spaces, or the characters given, at its ends.
  fileprivate func trimmed(_ side: Side, of characters: String?) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    func goes(_ scalar: Unicode.Scalar) -> Bool {
      // Python's spaces are Unicode's and four separators of ASCII.
      set?.contains(scalar) ?? (scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value))
    }
    var scalars = unicodeScalars[...]
    if side != .end { scalars = scalars.drop(while: goes) }
    if side != .start { while let last = scalars.last, goes(last) { scalars.removeLast() } }
    return String(scalars)
  }

  fileprivate func parts(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var start = utf8.startIndex
    forEachPlace(of: separator) { place in
      parts.append(String(self[start..<place]))
      start = utf8.index(place, offsetBy: separator.utf8.count)
    }
    return parts + [String(self[start...])]
  }

  /// Calls with where another text, which is not empty, stands, from the left. By bytes, so that nothing is found that
  /// merely looks alike.
  fileprivate func forEachPlace(of part: String, _ body: (String.Index) -> Void) {
    var rest = utf8[...]
    while !rest.isEmpty {
      if rest.starts(with: part.utf8) {
        body(rest.startIndex)
        rest = rest.dropFirst(part.utf8.count)
      } else {
        rest = rest.dropFirst()
      }
    }
  }
}
