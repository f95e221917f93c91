import Yams

/// A value that a file beside foreign weights states, as the key of a recipe that means the same.
struct ForeignSetting {
  /// What happens where a recipe states another value.
  enum Rule {
    /// It describes another network than the weights': an error.
    case refused
    /// It is a choice of whoever uses the network: the recipe's stays, and a remark says so.
    case recipeStays
    /// It changes nothing that the weights compute.
    case irrelevant
  }

  /// Dotted, such as `model.configuration.heads`.
  let key: String
  let value: Node
  let rule: Rule
  /// The key in the file, such as `num_attention_heads`, and the file.
  let origin, file: String

  init(_ key: String, _ value: Node, _ rule: Rule = .refused, from origin: String, in file: String) {
    (self.key, self.value, self.rule, self.origin, self.file) = (key, value, rule, origin, file)
  }

  /// The value for people.
  var text: String { value.words }

  /// Whether the recipe states the same.
  func agrees(with stated: Node) -> Bool {
    // A ratio is rounded in either file; the width that comes of it is checked by the weights' shapes.
    stated.states(value, tolerance: key.hasSuffix("mlpRatio") ? 1e-3 : 1e-6)
  }
}

extension Node {
  static func number(_ value: Double) -> Node { Node("\(value)") }
  static func integer(_ value: Int) -> Node { Node("\(value)") }
  static func flag(_ value: Bool) -> Node { Node("\(value)") }
  static func list(_ values: [Node]) -> Node { Node(values) }

  /// For people.
  var words: String {
    if let sequence { return "[" + sequence.map(\.words).joined(separator: ", ") + "]" }
    return scalar?.string ?? "a mapping"
  }

  /// Whether both are the same text, nearly the same number, or lists of such.
  fileprivate func states(_ other: Node, tolerance: Double) -> Bool {
    if let own = sequence, let others = other.sequence {
      return own.count == others.count && zip(own, others).allSatisfy { $0.states($1, tolerance: tolerance) }
    }
    guard let own = scalar?.string, let others = other.scalar?.string else { return false }
    guard let number = Double(own), let another = Double(others) else { return own == others }
    return abs(number - another) <= tolerance * max(abs(number), abs(another))
  }
}
