/// A key of any name, to see the keys that a JSON object really has.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The container of an object that may hold the keys of `Keys` and no others.
  func strictContainer<Keys: CodingKey & CaseIterable>(keyedBy keys: Keys.Type) throws -> KeyedDecodingContainer<Keys> {
    try refuseKeys(except: Set(keys.allCases.map(\.stringValue)))
    return try container(keyedBy: keys)
  }

  /// Throws when the object holds a key outside `known`.
  func refuseKeys(except known: Set<String>) throws {
    let found = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    if let unknown = found.filter({ !known.contains($0) }).min() {
      throw GraphError.unreadable("unknown key \"\(unknown)\"\(placeDescription)")
    }
  }

  /// Where in the JSON text this decoder stands: ` at nodes[3].operation`.
  var placeDescription: String { codingPath.isEmpty ? "" : " at \(codingPath.placeDescription)" }
}

extension [any CodingKey] {
  var placeDescription: String {
    reduce(into: "") { text, key in
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
  }
}
