import SwiftletFiles

/// Carries out a template.
struct TemplateRenderer {
  private(set) var output = ""
  /// What names mean, the innermost loop last.
  private var scopes: [[String: TemplateValue]]
  var namespaces: [[String: TemplateValue]] = []

  init(_ values: [String: TemplateValue]) { scopes = [values] }

  // No conversation needs more; a forged template must neither fill the memory nor run for hours.
  /// Bytes of the output, and what a single value may weigh.
  private static let sizeLimit = 1 << 26
  /// Levels of lists, which are walked down when they are printed or let go of.
  private static let depthLimit = 32
  /// What a statement, or a turn of a loop, costs; other work costs about a unit a byte that is read or written.
  private static let stepCost = 1 << 10
  private var workLeft = stepCost << 19

  private mutating func step() throws(TokenizerError) { try spend(Self.stepCost) }

  /// Pays for work before it is done.
  mutating func spend(_ work: Int) throws(TokenizerError) {
    guard work <= workLeft else { throw .unsupported("the chat template runs without end") }
    workLeft -= work
  }

  /// Pays for a value that is about to be made.
  mutating func make(_ size: Int) throws(TokenizerError) {
    guard size <= Self.sizeLimit else { throw .writesWithoutEnd }
    try spend(size)
  }

  /// Pays for a walk through a value, all that is in it included, and gives its weight.
  mutating func weigh(_ value: TemplateValue) throws(TokenizerError) -> Int {
    let weight = try value.weight(below: Self.sizeLimit, depth: Self.depthLimit)
    try spend(weight)
    return weight
  }

  /// Pays for going through the bytes of a text, or for as many values as a list or an object holds by itself.
  mutating func pass(through value: TemplateValue) throws(TokenizerError) {
    switch value {
    case .text(let text): try spend(text.utf8.count)
    case .list(let values): try make(values.count * TemplateValue.ownWeight)
    case .object(let members): try make(members.count * TemplateValue.ownWeight)
    default: break
    }
  }

  private mutating func write(_ text: String) throws(TokenizerError) {
    guard output.utf8.count + text.utf8.count <= Self.sizeLimit else { throw .writesWithoutEnd }
    try spend(text.utf8.count)
    output += text
  }

  func value(of name: String) -> TemplateValue {
    scopes.reversed().lazy.compactMap { $0[name] }.first ?? .undefined
  }

  mutating func run(_ statements: [TemplateStatement]) throws(TokenizerError) {
    for statement in statements {
      try step()
      switch statement {
      case .text(let text): try write(text)
      case .output(let expression): try write(try printed(try evaluate(expression)))
      case .set(let name, let expression): scopes[scopes.count - 1][name] = try evaluate(expression)
      case .setMember(let name, let member, let expression):
        guard case .namespace(let index) = value(of: name) else {
          throw .damaged("the chat template sets a member of \(name), which is no namespace")
        }
        namespaces[index][member] = try evaluate(expression)
      case .capture(let name, let body):
        let before = output
        output = ""
        try run(body)
        scopes[scopes.count - 1][name] = .text(output)
        output = before
      case .condition(let branches):
        for (condition, body) in branches {
          if let condition, try !evaluate(condition).isTrue { continue }
          try run(body)
          break
        }
      case .loop(let names, let values, let filter, let body, let otherwise):
        try loop(names, over: try evaluate(values), filter: filter, body, otherwise: otherwise)
      }
    }
  }

  private mutating func loop(
    _ names: [String], over values: TemplateValue, filter: TemplateExpression?, _ body: [TemplateStatement],
    otherwise: [TemplateStatement]
  ) throws(TokenizerError) {
    var items: [[String: TemplateValue]] = []
    for item in try elements(of: values) {
      try step()
      var scope: [String: TemplateValue] = [:]
      if names.count == 1 {
        scope[names[0]] = item
      } else {
        guard case .list(let pair) = item, pair.count == names.count else {
          throw .damaged("a loop of the chat template takes \(item.kind) apart into \(names.count)")
        }
        for (name, value) in zip(names, pair) { scope[name] = value }
      }
      if let filter {
        scopes.append(scope)
        let isWanted = try evaluate(filter).isTrue
        scopes.removeLast()
        if !isWanted { continue }
      }
      items.append(scope)
    }
    if items.isEmpty { return try run(otherwise) }
    for (index, item) in items.enumerated() {
      var scope = item
      scope["loop"] = .object([
        ("index", .integer(index + 1)), ("index0", .integer(index)), ("first", .flag(index == 0)),
        ("last", .flag(index == items.count - 1)), ("length", .integer(items.count)),
        ("revindex", .integer(items.count - index)), ("revindex0", .integer(items.count - index - 1)),
        ("previtem", index > 0 ? items[index - 1][names[0]] ?? .undefined : .undefined),
        ("nextitem", index + 1 < items.count ? items[index + 1][names[0]] ?? .undefined : .undefined),
      ])
      scopes.append(scope)
      try run(body)
      scopes.removeLast()
    }
  }

  /// What a loop goes over.
  mutating func elements(of value: TemplateValue) throws(TokenizerError) -> [TemplateValue] {
    switch value {
    case .list(let values): return values
    case .object(let members):
      try pass(through: value)
      return members.map { .text($0.key) }
    case .text(let text):
      try make(text.unicodeScalars.count * TemplateValue.ownWeight)
      return text.unicodeScalars.map { .text(String($0)) }
    case .undefined: return []
    default: throw .damaged("the chat template goes over \(value.kind)")
    }
  }
}
