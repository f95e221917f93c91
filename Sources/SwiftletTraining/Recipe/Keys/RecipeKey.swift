import SwiftletFiles

/// One key of a section of a recipe, declared once: its name, its property, the range of its value.
///
/// From the list of a section's keys follow reading with strict errors, writing and checking: see ``RecipeSection``.
public struct RecipeKey<Section> {
  public let name: String
  private var assign: (inout Section, RecipeValues) throws -> Void
  private var store: (Section, inout KeyedEncodingContainer<RecipeName>) throws -> Void
  private var isSaid: (Section) -> Bool = { _ in true }
  private var checks: [(Section, _ place: String) throws -> Void] = []
  private var prepare: (inout Section) -> Void = { _ in }
  private var isRequired = false

  /// A key whose absence, like `null`, leaves the property as it is.
  public init<Value: Codable>(_ name: String, _ property: WritableKeyPath<Section, Value>) {
    self.name = name
    assign = { section, values in
      if let given = try values.given(name, as: Value.self) { section[keyPath: property] = given }
    }
    store = { section, container in try container.encode(section[keyPath: property], forKey: RecipeName(name)) }
    checkInside(property)
  }

  /// A key that may be switched off: its absence leaves the property as it is, `null` makes it nil.
  ///
  /// A nil property is not written, for its section's default is nil; see ``writingNull()``.
  public init<Value: Codable>(_ name: String, _ property: WritableKeyPath<Section, Value?>) {
    self.name = name
    assign = { section, values in
      if values.contains(name) { section[keyPath: property] = try values.givenOrNull(name, as: Value.self) }
    }
    store = { section, container in try container.encode(section[keyPath: property], forKey: RecipeName(name)) }
    isSaid = { $0[keyPath: property] != nil }
    checkInside(property)
  }

  /// A list of words; an error names the one that is none.
  public init<Word: FileWord>(words name: String, _ property: WritableKeyPath<Section, [Word]>) {
    self.init(name, property)
    assign = { section, values in
      if let given = try values.words(name, as: Word.self) { section[keyPath: property] = given }
    }
  }

  public init<Word: FileWord>(words name: String, _ property: WritableKeyPath<Section, [Word]?>) {
    self.init(name, property)
    assign = { section, values in
      if values.contains(name) { section[keyPath: property] = try values.words(name, as: Word.self) }
    }
  }

  /// A key whose value is read and written by its section.
  public init(
    _ name: String, read: @escaping (inout Section, any Decoder) throws -> Void,
    write: @escaping (Section) -> any Encodable
  ) {
    self.name = name
    assign = { section, values in
      if let value = try values.given(name, as: UnreadValue.self) { try read(&section, value.decoder) }
    }
    store = { section, container in try container.encode(write(section), forKey: RecipeName(name)) }
  }

  /// The same key in a section that holds this one's section.
  private init<Inner>(_ key: RecipeKey<Inner>, in path: WritableKeyPath<Section, Inner>) {
    name = key.name
    assign = { try key.assign(&$0[keyPath: path], $1) }
    store = { try key.store($0[keyPath: path], &$1) }
    isSaid = { key.isSaid($0[keyPath: path]) }
    checks = key.checks.map { check in { try check($0[keyPath: path], $1) } }
    prepare = { key.prepare(&$0[keyPath: path]) }
    isRequired = key.isRequired
  }

  private mutating func checkInside<Value>(_ property: WritableKeyPath<Section, Value>) {
    checks = [{ section, place in try (section[keyPath: property] as? any RecipeDescribed)?.validate(at: place) }]
  }
}

extension RecipeKey {
  /// A key whose value lies in a range.
  public init<Value: Codable & Comparable>(
    _ name: String, _ property: WritableKeyPath<Section, Value>, _ range: RecipeRange<Value>
  ) {
    self.init(name, property) { _ in range }
  }

  /// The same where the range depends on keys that are declared before.
  public init<Value: Codable & Comparable>(
    _ name: String, _ property: WritableKeyPath<Section, Value>, _ range: @escaping (Section) -> RecipeRange<Value>
  ) {
    self.init(name, property)
    checks.append { try range($0).check($0[keyPath: property], $1) }
  }

  public init<Value: Codable & Comparable>(
    _ name: String, _ property: WritableKeyPath<Section, Value?>, _ range: RecipeRange<Value>
  ) {
    self.init(name, property) { _ in range }
  }

  public init<Value: Codable & Comparable>(
    _ name: String, _ property: WritableKeyPath<Section, Value?>, _ range: @escaping (Section) -> RecipeRange<Value>
  ) {
    self.init(name, property)
    checks.append { section, place in try section[keyPath: property].map { try range(section).check($0, place) } }
  }

  /// A key that has to be there.
  public func required() -> RecipeKey { with { $0.isRequired = true } }

  /// A key whose default depends on those before it, and is set by `prepare`.
  public func usually(_ prepare: @escaping (inout Section) -> Void) -> RecipeKey { with { $0.prepare = prepare } }

  /// A key with a further condition, which throws a ``RecipeError`` for `place`, the dotted key.
  public func checked(_ condition: @escaping (Section, _ place: String) throws -> Void) -> RecipeKey {
    with { $0.checks.append(condition) }
  }

  /// A key that is written as `null` where its property is nil.
  public func writingNull() -> RecipeKey { written { _ in true } }

  /// A key that is written only where `isSaid`.
  public func written(where isSaid: @escaping (Section) -> Bool) -> RecipeKey { with { $0.isSaid = isSaid } }

  /// The same key in a section that holds this one's among its own.
  public func lifted<Outer>(_ path: WritableKeyPath<Outer, Section>) -> RecipeKey<Outer> {
    RecipeKey<Outer>(self, in: path)
  }

  private func with(_ change: (inout RecipeKey) -> Void) -> RecipeKey {
    var key = self
    change(&key)
    return key
  }
}

extension RecipeKey {
  static func read(
    _ keys: [RecipeKey], into section: inout Section, from decoder: any Decoder, besides others: [String] = []
  ) throws {
    let values = try RecipeValues(decoder, knowing: others + keys.map(\.name))
    for key in keys {
      key.prepare(&section)
      if key.isRequired, !values.contains(key.name) {
        throw RecipeError(values.place(of: key.name), "is missing")
      }
      try key.assign(&section, values)
    }
  }

  static func write(
    _ keys: [RecipeKey], of section: Section, to container: inout KeyedEncodingContainer<RecipeName>
  ) throws {
    for key in keys where key.isSaid(section) { try key.store(section, &container) }
  }

  static func check(_ keys: [RecipeKey], of section: Section, at place: String) throws {
    for key in keys {
      let place = place.isEmpty ? key.name : "\(place).\(key.name)"
      for check in key.checks { try check(section, place) }
    }
  }
}

/// The keys of a section, one below the other.
@resultBuilder public enum RecipeKeyList<Section> {
  public static func buildExpression(_ key: RecipeKey<Section>) -> [RecipeKey<Section>] { [key] }
  public static func buildExpression(_ keys: [RecipeKey<Section>]) -> [RecipeKey<Section>] { keys }
  public static func buildBlock(_ keys: [RecipeKey<Section>]...) -> [RecipeKey<Section>] { keys.flatMap { $0 } }
}
