import Foundation
import SwiftletFiles
import Yams

extension NamedRecipe {
  /// A recipe file, with `overrides` such as `training.epochs=2` applied on top.
  ///
  /// - Throws: `RecipeError` with file, line and key: not YAML, unknown keys, wrong types, values out of range.
  public static func read(from file: URL, overrides: [String] = []) throws -> Self {
    try RecipeText(contentsOf: file, overrides: overrides).recipe(as: Self.self)
  }

  /// A recipe from YAML text; `source` names it in errors.
  public static func parse(_ yaml: String, source: String = "recipe", overrides: [String] = []) throws -> Self {
    try RecipeText(yaml, source: source, overrides: overrides).recipe(as: Self.self)
  }

  /// - Parameter complete: changes the recipe after the overrides.
  static func decode(_ text: RecipeText, completedBy complete: (inout Node) throws -> Void) throws -> Self {
    try text.withRoot { root in
      var root = root
      let word = try root.takeTask()
      guard word == task else { throw RecipeError(RecipeText.taskKey, "is '\(word)', expected \(task)") }
      try complete(&root)
      return try decode(root)
    }
  }

  /// The resolved recipe as YAML, every default written out.
  public func yaml() throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = false
    let sections = try encoder.encode(self)
    return Self.task == Recipe.task ? sections : "\(RecipeText.taskKey): \(Self.task)\n" + sections
  }

  private static func decode(_ root: Node) throws -> Self {
    guard root.mapping != nil else { throw RecipeError("", "is not a mapping of sections such as model and training") }
    let recipe: Self
    do {
      recipe = try YAMLDecoder().decode(Self.self, from: root)
    } catch let error as DecodingError {
      throw error.recipeError(in: root)
    }
    try recipe.validate()
    return recipe
  }
}

extension RecipeText {
  static let taskKey = "task"

  /// Reads something from the mapping that this is, overrides applied; what `body` finds wrong gets file and line.
  func withRoot<Result>(_ body: (Node) throws -> Result) throws -> Result {
    var root: Node?
    do {
      var composed: Node
      do {
        composed = try Yams.compose(yaml: yaml) ?? Node.mapping([:])
      } catch let error as YamlError {
        throw RecipeError("", "is not valid YAML: \(error.summary)", source: source, line: error.line)
      }
      for override in overrides { try composed.apply(override) }
      root = composed
      return try body(composed)
    } catch var error as RecipeError {
      if let override = overrides.last(where: { $0.sets(error.key) }) {
        error.source = "--set \(override)"
      } else if error.line == nil {
        (error.source, error.line) = (source, root?.line(of: error.key))
      }
      throw error
    }
  }
}

extension String {
  /// Whether this override, `key=value`, sets `key` or a section around it.
  fileprivate func sets(_ key: String) -> Bool {
    let own = prefix { $0 != "=" }
    return key == own || [".", " ", "["].contains { key.hasPrefix(own + $0) }
  }
}

extension Node {
  /// The word of the task, which is taken out; a recipe that has none is a classifier's.
  mutating func takeTask() throws -> String {
    guard let entry = mapping?.first(where: { $0.key.string == RecipeText.taskKey }) else { return Recipe.task }
    guard let word = entry.value.scalar?.string else {
      throw RecipeError(RecipeText.taskKey, "is \(entry.value.words), expected a word such as \(Recipe.task)")
    }
    mapping?[entry.key] = nil
    return word
  }

  /// Sets one dotted key: `training.epochs=2`. The value is YAML.
  fileprivate mutating func apply(_ override: String) throws {
    guard let equals = override.firstIndex(of: "="), equals > override.startIndex else {
      throw RecipeError(override, "is not an override, expected key=value as in training.epochs=2")
    }
    let path = override[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let text = String(override[override.index(after: equals)...])
    let value: Node
    do {
      value = try Yams.compose(yaml: text) ?? Node("")
    } catch {
      throw RecipeError(path.joined(separator: "."), "cannot be set to '\(text)', which is not valid YAML")
    }
    try requireSections(along: path)
    set(value, at: path[...])
  }

  /// Sets what lies behind these keys, and makes the sections on the way where they are missing.
  mutating func set(_ value: Node, at path: ArraySlice<String>) {
    guard let first = path.first else { return }
    if mapping == nil { self = Node.mapping([:]) }
    if path.count == 1 {
      self[first] = value
    } else {
      var child = self[first] ?? Node.mapping([:])
      child.set(value, at: path.dropFirst())
      self[first] = child
    }
  }

  /// A key cannot be set inside a value that has a name: `tiny` has a width too, and one key alone is another network.
  private func requireSections(along path: [String]) throws {
    for depth in 1..<max(1, path.count) {
      guard let name = value(at: Array(path[..<depth]))?.scalar?.string, !Self.absent.contains(name) else { continue }
      let place = path[..<depth].joined(separator: ".")
      throw RecipeError(
        path.joined(separator: "."),
        "cannot be set alone, for \(place) is '\(name)': set \(place) whole, as in \(place)={…}")
    }
  }

  /// How YAML says that there is nothing.
  private static let absent: Set = ["", "null", "Null", "NULL", "~"]

  /// The line of a dotted key, or of the nearest section around it that has one.
  fileprivate func line(of key: String) -> Int? {
    var node = self
    var line: Int?
    for part in key.prefix(while: { $0 != " " && $0 != "[" }).split(separator: ".") {
      guard let mapping = node.mapping, let entry = mapping.first(where: { $0.key.string == String(part) }) else {
        break
      }
      line = entry.key.mark?.line ?? line
      node = entry.value
    }
    return line
  }

  /// What lies behind these keys.
  func value(at path: [String]) -> Node? {
    path.reduce(self as Node?) { node, part in
      if let index = Int(part.replacing("Index ", with: "")), let sequence = node?.sequence {
        return sequence.indices.contains(index) ? sequence[index] : nil
      }
      return node?.mapping.flatMap { mapping in mapping.first { $0.key.string == part }?.value }
    }
  }
}

extension DecodingError {
  /// The same mistake in the words of a recipe.
  fileprivate func recipeError(in root: Node) -> RecipeError {
    switch self {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let path = context.codingPath.map(\.stringValue)
      return RecipeError(
        path.dotted, "is \(Self.found(root.value(at: path))), expected \(Self.words(for: type))")
    case .keyNotFound(let key, let context):
      return RecipeError((context.codingPath + [key]).map(\.stringValue).dotted, "is missing")
    case .dataCorrupted(let context):
      if let error = context.underlyingError as? RecipeError { return error }
      let path = context.codingPath.map(\.stringValue)
      if let error = context.underlyingError as? UnknownWord {
        return RecipeError(path.dotted, "is '\(error.word)', expected \(error.known.joined(separator: ", "))")
      }
      if let error = context.underlyingError {
        return RecipeError(path.dotted, "is refused: \(error)")
      }
      return RecipeError(path.dotted, "is refused: \(context.debugDescription)")
    @unknown default:
      return RecipeError("", "cannot be decoded: \(self)")
    }
  }

  private static func found(_ node: Node?) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "'\(scalar.string)'"
    case .mapping: "a mapping"
    case .sequence: "a list"
    default: "absent"
    }
  }

  private static func words(for type: Any.Type) -> String {
    switch type {
    case is [String: Any].Type, is Node.Mapping.Type: "a mapping with keys"
    case is Node.Scalar.Type: "a single value"
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is Bool.Type: "true or false"
    case is String.Type: "text"
    case is any Collection.Type: "a list"
    default: "a mapping with keys"
    }
  }
}

extension [String] {
  /// `data.mean[0]` of the keys `data`, `mean` and `Index 0`, as the decoder calls an element of a list.
  fileprivate var dotted: String {
    reduce(into: "") { place, part in
      if part.hasPrefix("Index ") {
        place += "[\(part.dropFirst(6))]"
      } else {
        place += (place.isEmpty ? "" : ".") + part
      }
    }
  }
}

extension YamlError {
  fileprivate var line: Int? {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }

  fileprivate var summary: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
    case .duplicatedKeysInMapping(let keys, _): "the key \(keys.map { "\($0)" }.joined(separator: ", ")) appears twice"
    default: "\(self)"
    }
  }
}
