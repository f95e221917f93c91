/// One mapping of a recipe while it is decoded: keys it does not know are refused, absent ones keep their default.
struct RecipeSection<Key: CodingKey & CaseIterable> {
  private let values: KeyedDecodingContainer<Key>

  /// - Throws: `RecipeError` that names an unknown key, its place and the nearest known key.
  init(_ decoder: any Decoder, keyedBy: Key.Type) throws {
    let present = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    let known = Key.allCases.map(\.stringValue)
    if let stranger = present.sorted().first(where: { !known.contains($0) }) {
      let place = (decoder.codingPath.map(\.stringValue) + [stranger]).joined(separator: ".")
      throw RecipeError(place, "is not a known key; \(suggestion(for: stranger, among: known))")
    }
    values = try decoder.container(keyedBy: Key.self)
  }

  /// Replaces `value` if the recipe gives one.
  func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
    if let given = try values.decodeIfPresent(Value.self, forKey: key) { value = given }
  }

  /// Replaces `value` if the recipe gives one; `null` switches it off.
  func read<Value: Decodable>(_ key: Key, into value: inout Value?) throws {
    if values.contains(key) { value = try values.decodeIfPresent(Value.self, forKey: key) }
  }

  /// Replaces `value` if the recipe names another of its cases.
  func read<Choice: RecipeChoice>(_ key: Key, into value: inout Choice) throws {
    if values.contains(key) { value = try required(key) }
  }

  /// Replaces `value` if the recipe names a case; `null` leaves the choice open.
  func read<Choice: RecipeChoice>(_ key: Key, into value: inout Choice?) throws {
    guard values.contains(key) else { return }
    value = try values.decodeNil(forKey: key) ? nil : required(key)
  }

  /// The case that the recipe names.
  func required<Choice: RecipeChoice>(_ key: Key, as type: Choice.Type = Choice.self) throws -> Choice {
    let name: String = try required(key)
    guard let choice = Choice(rawValue: name) else {
      let place = (values.codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".")
      throw RecipeError(
        place, "is '\(name)', expected \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  /// The value of a key without a default.
  func required<Value: Decodable>(_ key: Key, as type: Value.Type = Value.self) throws -> Value {
    guard values.contains(key) else {
      let place = (values.codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".")
      throw RecipeError(place, "is missing")
    }
    return try values.decode(type, forKey: key)
  }
}

/// One of a few words.
protocol RecipeChoice: RawRepresentable<String>, CaseIterable, Codable {}

/// Which alternative a mapping describes: the value of its key `kind`.
func recipeKind<Choice: RecipeChoice>(of decoder: any Decoder, as type: Choice.Type = Choice.self) throws -> Choice {
  let values = try decoder.container(keyedBy: AnyKey.self)
  let place = (decoder.codingPath.map(\.stringValue) + ["kind"]).joined(separator: ".")
  let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
  guard let name = try values.decodeIfPresent(String.self, forKey: AnyKey(stringValue: "kind")) else {
    throw RecipeError(place, "is missing, expected \(names)")
  }
  guard let choice = Choice(rawValue: name) else { throw RecipeError(place, "is '\(name)', expected \(names)") }
  return choice
}

private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// `did you mean epochs?`, or the list of known keys when none is near.
func suggestion(for word: String, among known: [String]) -> String {
  let ranked = known.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }
  guard let (nearest, distance) = ranked.min(by: { $0.1 < $1.1 }), distance <= max(2, nearest.count / 2) else {
    return "known keys are \(known.sorted().joined(separator: ", "))"
  }
  return "did you mean \(nearest)?"
}

/// The Levenshtein distance: insertions, deletions and substitutions of characters.
private func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, character) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substituted = diagonal + (character == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
