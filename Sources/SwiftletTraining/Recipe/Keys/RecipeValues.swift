import SwiftletFiles

/// One mapping of a recipe while it is read.
struct RecipeValues {
  private let values: KeyedDecodingContainer<RecipeName>
  let names: [String]

  init(_ decoder: any Decoder) throws {
    values = try decoder.container(keyedBy: RecipeName.self)
    names = values.allKeys.map(\.stringValue)
  }

  /// - Throws: ``RecipeError`` that names an unknown key, its place and the nearest known key.
  init(_ decoder: any Decoder, knowing known: [String]) throws {
    try self.init(decoder)
    guard let stranger = names.sorted().first(where: { !known.contains($0) }) else { return }
    throw RecipeError(place(of: stranger), "is not a known key; \(NearestName.hint(for: stranger, among: known))")
  }

  func contains(_ name: String) -> Bool { values.contains(RecipeName(name)) }

  /// The dotted key of a value here.
  func place(of name: String) -> String { (values.codingPath.map(\.stringValue) + [name]).joined(separator: ".") }

  /// What the recipe gives; nil where it gives nothing or `null`, but `null` is no word.
  func given<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value? {
    if type is any FileWord.Type, contains(name) { return try values.decode(type, forKey: RecipeName(name)) }
    return try values.decodeIfPresent(type, forKey: RecipeName(name))
  }

  /// What the recipe gives; nil where it gives nothing or `null`.
  func givenOrNull<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value? {
    try values.decodeIfPresent(type, forKey: RecipeName(name))
  }

  /// The words of a list, where the recipe gives one.
  func words<Word: FileWord>(_ name: String, as type: Word.Type) throws -> [Word]? {
    try givenOrNull(name, as: [String].self)?.map { word in
      guard let found = Word(rawValue: word) else {
        let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw RecipeError(place(of: name), "names '\(word)', expected \(known)")
      }
      return found
    }
  }
}

/// A value that somebody else reads.
struct UnreadValue: Decodable {
  let decoder: any Decoder
  init(from decoder: any Decoder) { self.decoder = decoder }
}

extension Decoder {
  /// The dotted key of what is decoded.
  public var place: String { codingPath.map(\.stringValue).joined(separator: ".") }
}

/// A key of a mapping.
struct RecipeName: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ name: String) { stringValue = name }
  init(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}
