import SwiftletFiles

/// Reads an expression, with Jinja's precedences.
struct TemplateExpressionParser {
  private let tokens: [TemplateToken]
  private var position = 0
  private var depth = 0
  /// Values combined so far, each of which may be a level of the tree that is later walked down.
  private var size = 0

  init(_ tokens: [TemplateToken]) { self.tokens = tokens }

  private var next: TemplateToken? { position < tokens.count ? tokens[position] : nil }

  mutating func accept(_ sign: String) -> Bool {
    guard next == .sign(sign) else { return false }
    position += 1
    return true
  }

  mutating func accept(word: String) -> Bool {
    guard next == .name(word) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ sign: String) throws(TokenizerError) {
    guard accept(sign) else { throw unexpected("\(sign.quotedAsJSON) is missing") }
  }

  mutating func name() throws(TokenizerError) -> String {
    guard case .name(let name)? = next else { throw unexpected("a name is missing") }
    position += 1
    return name
  }

  func end() throws(TokenizerError) {
    guard next == nil else { throw unexpected("nothing more may follow") }
  }

  private func unexpected(_ what: String) -> TokenizerError {
    .damaged("the chat template is wrong at \(next?.spelling ?? "the end of an expression"): \(what)")
  }

  private mutating func grow() throws(TokenizerError) {
    size += 1
    guard size < 256 else { throw .unsupported("an expression of the chat template is too long") }
  }

  /// An expression with nothing behind it.
  mutating func whole() throws(TokenizerError) -> TemplateExpression {
    let expression = try expression()
    try end()
    return expression
  }

  mutating func expression() throws(TokenizerError) -> TemplateExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth < 48 else { throw .unsupported("an expression of the chat template nests too deeply") }
    var value = try alternatives()
    while accept(word: "if") {
      try grow()
      let condition = try alternatives()
      let otherwise = accept(word: "else") ? try expression() : nil
      value = .conditional(value, condition: condition, otherwise: otherwise)
    }
    return value
  }

  /// An expression without `if`, as a loop's values are.
  mutating func alternatives() throws(TokenizerError) -> TemplateExpression {
    var value = try conjunction()
    while accept(word: "or") {
      try grow()
      value = .binary(.or, value, try conjunction())
    }
    return value
  }

  private mutating func conjunction() throws(TokenizerError) -> TemplateExpression {
    var value = try negation()
    while accept(word: "and") {
      try grow()
      value = .binary(.and, value, try negation())
    }
    return value
  }

  private mutating func negation() throws(TokenizerError) -> TemplateExpression {
    var count = 0
    while accept(word: "not") { count += 1 }
    let value = try comparison()
    return count % 2 == 1 ? .not(value) : count > 0 ? .not(.not(value)) : value
  }

  private mutating func comparison() throws(TokenizerError) -> TemplateExpression {
    let first = try sum()
    let start = position
    guard let result = try comparison(of: first) else { return first }
    let end = position
    guard try comparison(of: result) == nil else {
      position = end
      throw .unsupported("the chat template chains comparisons at \(tokens[start].spelling), which is not carried out")
    }
    return result
  }

  private mutating func comparison(of left: TemplateExpression) throws(TokenizerError) -> TemplateExpression? {
    if case .sign(let sign)? = next, let comparison = TemplateExpression.Operator(rawValue: sign),
      [.equal, .unequal, .less, .greater, .lessOrEqual, .greaterOrEqual].contains(comparison)
    {
      position += 1
      return .binary(comparison, left, try sum())
    }
    if accept(word: "in") { return .binary(.contains, left, try sum()) }
    if next == .name("not"), position + 1 < tokens.count, tokens[position + 1] == .name("in") {
      position += 2
      return .not(.binary(.contains, left, try sum()))
    }
    return nil
  }

  private mutating func sum() throws(TokenizerError) -> TemplateExpression {
    var value = try joined()
    while true {
      if accept("+") {
        try grow()
        value = .binary(.plus, value, try joined())
      } else if accept("-") {
        try grow()
        value = .binary(.minus, value, try joined())
      } else {
        return value
      }
    }
  }

  private mutating func joined() throws(TokenizerError) -> TemplateExpression {
    var value = try product()
    while accept("~") {
      try grow()
      value = .binary(.joined, value, try product())
    }
    return value
  }

  private mutating func product() throws(TokenizerError) -> TemplateExpression {
    var value = try unary()
    while true {
      if accept("*") {
        try grow()
        value = .binary(.times, value, try unary())
      } else if accept("//") {
        try grow()
        value = .binary(.quotient, value, try unary())
      } else if accept("%") {
        try grow()
        value = .binary(.remainder, value, try unary())
      } else if next == .sign("/") || next == .sign("**") {
        throw .unsupported("the chat template computes with fractions or powers, which is not carried out")
      } else {
        return value
      }
    }
  }

  private mutating func unary() throws(TokenizerError) -> TemplateExpression {
    if accept("-") { return .negative(try postfix(primary())) }
    return try postfix(primary())
  }

  private mutating func primary() throws(TokenizerError) -> TemplateExpression {
    guard let token = next else { throw unexpected("a value is missing") }
    position += 1
    switch token {
    case .integer(let value): return .constant(.integer(value))
    case .text(var text):
      // Neighbouring texts are one.
      while case .text(let more)? = next {
        text += more
        position += 1
      }
      return .constant(.text(text))
    case .name("true"), .name("True"): return .constant(.flag(true))
    case .name("false"), .name("False"): return .constant(.flag(false))
    case .name("none"), .name("None"): return .constant(.null)
    case .name(let name):
      guard next == .sign("(") else { return .name(name) }
      guard let function = TemplateExpression.Function(rawValue: name) else {
        throw unknown("function", name, TemplateExpression.Function.allCases.map(\.rawValue))
      }
      return .function(
        function,
        try arguments(
          of: "function", name, count: function.parameterCount, named: function == .namespace ? nil : []))
    case .sign("("):
      let value = try expression()
      guard accept(")") else {
        if next == .sign(",") {
          throw .unsupported("the chat template uses tuples, which are not carried out")
        }
        throw unexpected("\")\" is missing")
      }
      return value
    case .sign("["):
      var values: [TemplateExpression] = []
      while !accept("]") {
        if !values.isEmpty { try expect(",") }
        if accept("]") { break }
        values.append(try expression())
      }
      return .list(values)
    case .sign("{"):
      var members: [(TemplateExpression, TemplateExpression)] = []
      while !accept("}") {
        if !members.isEmpty { try expect(",") }
        if accept("}") { break }
        let key = try expression()
        try expect(":")
        members.append((key, try expression()))
      }
      return .object(members)
    case .sign:
      position -= 1
      throw unexpected("a value is missing")
    }
  }

  private mutating func postfix(_ value: TemplateExpression) throws(TokenizerError) -> TemplateExpression {
    var value = value
    while true {
      if accept(".") {
        try grow()
        let name = try name()
        guard next == .sign("(") else {
          value = .member(value, .constant(.text(name)))
          continue
        }
        guard let method = TemplateExpression.Method(rawValue: name) else {
          throw unknown("method", name, TemplateExpression.Method.allCases.map(\.rawValue))
        }
        value = .method(value, method, try arguments(of: "method", name, method.parameters))
      } else if accept("[") {
        try grow()
        value = try subscripted(value)
      } else if accept("|") {
        try grow()
        let name = try name()
        guard let filter = TemplateExpression.Filter(rawValue: name) else {
          throw unknown("filter", name, TemplateExpression.Filter.allCases.map(\.rawValue))
        }
        value = .filter(value, filter, try arguments(of: "filter", name, filter.parameters))
      } else if accept(word: "is") {
        try grow()
        let isNegated = accept(word: "not")
        let name = try name()
        guard let test = TemplateExpression.Test(rawValue: name) else {
          throw unknown("test", name, TemplateExpression.Test.allCases.map(\.rawValue))
        }
        let tested = TemplateExpression.test(
          value, test, try arguments(of: "test", name, count: test.parameterCount, named: []))
        value = isNegated ? .not(tested) : tested
      } else {
        return value
      }
    }
  }

  private func unknown(_ kind: String, _ name: String, _ known: [String]) -> TokenizerError {
    .unsupported(
      "the chat template uses the \(kind) \(name.quotedAsJSON), which is not carried out; "
        + NearestName.hint(for: name, among: known))
  }

  private mutating func subscripted(_ value: TemplateExpression) throws(TokenizerError) -> TemplateExpression {
    func part(_ parser: inout Self) throws(TokenizerError) -> TemplateExpression? {
      parser.next == .sign(":") || parser.next == .sign("]") ? nil : try parser.expression()
    }
    let from = try part(&self)
    if accept("]") {
      guard let from else { throw unexpected("an index is missing") }
      return .member(value, from)
    }
    try expect(":")
    let to = try part(&self)
    let step = accept(":") ? try part(&self) : nil
    try expect("]")
    return .slice(value, from: from, to: to, step: step)
  }

  private mutating func arguments(
    of kind: String, _ name: String, _ parameters: [String]
  ) throws(TokenizerError) -> TemplateExpression.Arguments {
    try arguments(of: kind, name, count: parameters.count, named: parameters)
  }

  /// What stands in parentheses, if they follow.
  ///
  /// - Parameters:
  ///   - count: how many may go without a name.
  ///   - parameters: the names that there are, those of the first `count` in front; nil allows any.
  private mutating func arguments(
    of kind: String, _ name: String, count: Int, named parameters: [String]?
  ) throws(TokenizerError) -> TemplateExpression.Arguments {
    let arguments = next == .sign("(") ? try arguments() : .init()
    guard arguments.values.count <= count else {
      throw .unsupported(
        "the chat template gives the \(kind) \(name.quotedAsJSON) too many values, \(arguments.values.count) "
          + "where \(count) can be carried out")
    }
    guard let parameters else { return arguments }
    let free = parameters.dropFirst(arguments.values.count)
    if let other = arguments.named.first(where: { !free.contains($0.name) }) {
      throw .unsupported(
        "the chat template gives the \(kind) \(name.quotedAsJSON) an argument \(other.name.quotedAsJSON), "
          + "which is not carried out")
    }
    return arguments
  }

  private mutating func arguments() throws(TokenizerError) -> TemplateExpression.Arguments {
    var arguments = TemplateExpression.Arguments()
    try expect("(")
    while !accept(")") {
      if !arguments.values.isEmpty || !arguments.named.isEmpty { try expect(",") }
      if accept(")") { break }
      if case .name(let name)? = next, position + 1 < tokens.count, tokens[position + 1] == .sign("=") {
        position += 2
        arguments.named.append((name, try expression()))
      } else {
        arguments.values.append(try expression())
      }
    }
    return arguments
  }
}
