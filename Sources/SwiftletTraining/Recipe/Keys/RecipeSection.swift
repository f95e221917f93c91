/// What a recipe describes by declared keys: a ``RecipeSection``, or one of several ``RecipeAlternatives``.
public protocol RecipeDescribed: Codable {
  /// - Parameter place: the dotted key of the value.
  /// - Throws: ``RecipeError`` for the first value out of range.
  func validate(at place: String) throws
}

/// A mapping of a recipe, each of whose keys is declared once:
///
/// ```swift
/// struct Noise: RecipeSection {
///   var deviation = 0.1
///   var seed: Int?
///
///   static var defaults: Noise { Noise() }
///   static var keys: [RecipeKey<Noise>] {
///     Key("deviation", \.deviation, .above(0, upTo: 1))
///     Key("seed", \.seed, .in(0...Int.max))
///   }
/// }
/// ```
/// Absent keys keep their default, `null` switches off what is optional, an unknown key is an error that names the
/// nearest one, and so is a value out of range.
public protocol RecipeSection: RecipeDescribed {
  /// The section of a recipe that gives no key; what is required is replaced.
  static var defaults: Self { get }
  /// In the order in which they are written; those that others depend on first.
  @RecipeKeyList<Self> static var keys: [RecipeKey<Self>] { get }
  /// Checks what concerns several keys.
  func check(at place: String) throws
}

extension RecipeSection {
  public typealias Key = RecipeKey<Self>

  public init(from decoder: any Decoder) throws {
    self = Self.defaults
    try Key.read(Self.keys, into: &self, from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: RecipeName.self)
    try Key.write(Self.keys, of: self, to: &container)
  }

  public func validate(at place: String) throws {
    try Key.check(Self.keys, of: self, at: place)
    try check(at: place)
  }

  public func check(at place: String) throws {}
}

/// One of several mappings, told apart by the key `kind`, such as `{kind: sgd, momentum: 0.9}`.
public protocol RecipeAlternatives: RecipeDescribed {
  @RecipeAlternativeList<Self> static var alternatives: [RecipeAlternative<Self>] { get }
}

extension RecipeAlternatives {
  public typealias Alternative = RecipeAlternative<Self>

  public init(from decoder: any Decoder) throws {
    self = try Alternative.of(decoder, among: Self.alternatives).read(decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    for alternative in Self.alternatives where try alternative.write(self, encoder) { return }
  }

  public func validate(at place: String) throws {
    for alternative in Self.alternatives where try alternative.check(self, place) { return }
  }
}

/// One alternative: its word, the keys of its settings, and how both become a value and come back.
public struct RecipeAlternative<Choice> {
  let kind: String
  let read: (any Decoder) throws -> Choice
  /// These say whether the value is of this alternative.
  let write: (Choice, any Encoder) throws -> Bool
  let check: (Choice, _ place: String) throws -> Bool
  /// With these keys alone it may stand without its word, `{momentum: 0.9}`; nil where it may not.
  private let usualKeys: Set<String>?

  /// - Parameters:
  ///   - defaults: the settings where the recipe gives no key.
  ///   - isUsual: whether a mapping without `kind` that has no other keys than these means this alternative.
  ///   - make: the value of these settings.
  ///   - settings: those of a value; nil of another alternative.
  public init<Settings>(
    _ kind: String, _ defaults: Settings, isUsual: Bool = false,
    @RecipeKeyList<Settings> keys: () -> [RecipeKey<Settings>], make: @escaping (Settings) -> Choice,
    settings: @escaping (Choice) -> Settings?
  ) {
    let keys = keys()
    self.kind = kind
    usualKeys = isUsual ? Set(keys.map(\.name)) : nil
    read = { decoder in
      var settings = defaults
      try RecipeKey.read(keys, into: &settings, from: decoder, besides: ["kind"])
      return make(settings)
    }
    write = { choice, encoder in
      guard let settings = settings(choice) else { return false }
      var container = encoder.container(keyedBy: RecipeName.self)
      try container.encode(kind, forKey: RecipeName("kind"))
      try RecipeKey.write(keys, of: settings, to: &container)
      return true
    }
    check = { choice, place in
      guard let settings = settings(choice) else { return false }
      try RecipeKey.check(keys, of: settings, at: place)
      return true
    }
  }

  /// An alternative whose settings are a section.
  public init<Settings: RecipeSection>(
    _ kind: String, _ defaults: Settings = Settings.defaults, isUsual: Bool = false,
    make: @escaping (Settings) -> Choice, settings: @escaping (Choice) -> Settings?
  ) {
    self.init(kind, defaults, isUsual: isUsual, keys: { Settings.keys }, make: make, settings: settings)
  }

  /// An alternative without settings.
  public init(_ kind: String, _ choice: Choice) where Choice: Equatable {
    self.init(kind, (), keys: {}, make: { choice }, settings: { $0 == choice ? () : nil })
  }

  /// The alternative that a mapping describes.
  static func of(_ decoder: any Decoder, among all: [RecipeAlternative]) throws -> RecipeAlternative {
    let values = try RecipeValues(decoder)
    guard let kind = try values.givenOrNull("kind", as: String.self) else {
      let usual = all.first { $0.usualKeys?.isSuperset(of: values.names) ?? false }
      guard !values.contains("kind"), let usual else {
        throw RecipeError(values.place(of: "kind"), "is missing, expected \(words(all))")
      }
      return usual
    }
    guard let found = all.first(where: { $0.kind == kind }) else {
      throw RecipeError(values.place(of: "kind"), "is '\(kind)', expected \(words(all))")
    }
    return found
  }

  private static func words(_ all: [RecipeAlternative]) -> String { all.map(\.kind).joined(separator: ", ") }
}

/// Alternatives, one below the other.
@resultBuilder public enum RecipeAlternativeList<Choice> {
  public static func buildExpression(_ alternative: RecipeAlternative<Choice>) -> RecipeAlternative<Choice> {
    alternative
  }
  public static func buildBlock(_ alternatives: RecipeAlternative<Choice>...) -> [RecipeAlternative<Choice>] {
    alternatives
  }
}
