import SwiftletFiles

/// Reads the statements of a template. What is not in ``TemplateStatement`` and ``TemplateExpression`` is refused here,
/// before anything is rendered.
struct TemplateParser {
  private let parts: [TemplateLexer.Part]
  private var position = 0
  private var depth = 0

  init(_ source: String) throws(TokenizerError) {
    var lexer = TemplateLexer(source)
    parts = try lexer.parts()
  }

  /// The whole template.
  mutating func statements() throws(TokenizerError) -> [TemplateStatement] {
    try body(until: []).0
  }

  private static let endings: Set<String> = ["elif", "else", "endif", "endfor", "endset"]

  /// The statements up to one that ends them, which is left for the caller.
  private mutating func body(until endings: Set<String>) throws(TokenizerError) -> (
    [TemplateStatement], ending: String?
  ) {
    depth += 1
    defer { depth -= 1 }
    guard depth < 64 else { throw .unsupported("the chat template nests too deeply") }
    var body: [TemplateStatement] = []
    while position < parts.count {
      switch parts[position] {
      case .text(let text):
        position += 1
        body.append(.text(text))
      case .expression(let tokens):
        position += 1
        var expression = TemplateExpressionParser(tokens)
        body.append(.output(try expression.whole()))
      case .statement(let tokens):
        guard case .name(let keyword)? = tokens.first else {
          throw .damaged("a statement of the chat template has no name")
        }
        if Self.endings.contains(keyword) {
          guard endings.contains(keyword) else {
            throw .damaged("the chat template has an \(keyword) that closes nothing")
          }
          return (body, keyword)
        }
        position += 1
        body.append(try statement(keyword, TemplateExpressionParser(Array(tokens.dropFirst()))))
      }
    }
    guard endings.isEmpty else {
      throw .damaged("the chat template ends before \(endings.sorted().joined(separator: " or "))")
    }
    return (body, nil)
  }

  /// The rest of the statement that ends a body.
  private mutating func ending() -> TemplateExpressionParser {
    guard case .statement(let tokens) = parts[position] else { return TemplateExpressionParser([]) }
    position += 1
    return TemplateExpressionParser(Array(tokens.dropFirst()))
  }

  private mutating func statement(
    _ keyword: String, _ rest: TemplateExpressionParser
  ) throws(TokenizerError) -> TemplateStatement {
    var rest = rest
    switch keyword {
    case "if":
      var condition: TemplateExpression? = try rest.whole()
      var branches: [(TemplateExpression?, [TemplateStatement])] = []
      while true {
        let (body, end) = try body(until: condition == nil ? ["endif"] : ["elif", "else", "endif"])
        branches.append((condition, body))
        var next = ending()
        switch end {
        case "elif": condition = try next.whole()
        case "else":
          try next.end()
          condition = nil
        default:
          try next.end()
          return .condition(branches)
        }
      }
    case "for":
      var names = [try rest.name()]
      if rest.accept(",") { names.append(try rest.name()) }
      guard rest.accept(word: "in") else { throw .damaged("a loop of the chat template has no \"in\"") }
      let values = try rest.alternatives()
      let filter = rest.accept(word: "if") ? try rest.expression() : nil
      try rest.end()
      var (loop, end) = try body(until: ["else", "endfor"])
      var next = ending()
      try next.end()
      var otherwise: [TemplateStatement] = []
      if end == "else" {
        (otherwise, end) = try body(until: ["endfor"])
        next = ending()
        try next.end()
      }
      return .loop(names: names, values, filter: filter, body: loop, otherwise: otherwise)
    case "set":
      let name = try rest.name()
      if rest.accept(".") {
        let member = try rest.name()
        try rest.expect("=")
        return .setMember(name, member: member, try rest.whole())
      }
      if rest.accept("=") { return .set(name, try rest.whole()) }
      try rest.end()
      let (captured, _) = try body(until: ["endset"])
      let next = ending()
      try next.end()
      return .capture(name, captured)
    default:
      throw .unsupported(
        "the chat template uses the statement \(keyword.quotedAsJSON), which is not carried out; if, for and set are")
    }
  }
}
