/// A key of any name, to see the keys that an object really has.
public struct AnyKey: CodingKey {
  public let stringValue: String
  public var intValue: Int? { nil }

  public init(stringValue: String) { self.stringValue = stringValue }
  public init?(intValue: Int) { nil }
}

/// A key that its object may not have, told with the nearest one that it may.
public struct UnknownKey: Error, Hashable, Sendable, CustomStringConvertible {
  public let key: String
  public let known: [String]

  public var description: String { "unknown key \"\(key)\"; \(NearestName.hint(for: key, among: known))" }
}

extension Decoder {
  /// The container of an object that may hold the keys of `Keys` and no others, so that a typing mistake in a file cannot
  /// pass for a default.
  public func strictContainer<Keys: CodingKey & CaseIterable>(
    keyedBy keys: Keys.Type
  ) throws -> KeyedDecodingContainer<Keys> {
    try refuseKeys(except: keys.allCases.map(\.stringValue))
    return try container(keyedBy: keys)
  }

  /// Throws `DecodingError`, with an ``UnknownKey`` underneath, when the object holds a key outside `known`.
  public func refuseKeys(except known: some Collection<String>) throws {
    let found = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    guard let stranger = found.filter({ !known.contains($0) }).min() else { return }
    let error = UnknownKey(key: stranger, known: known.sorted())
    throw DecodingError.dataCorrupted(
      .init(codingPath: codingPath, debugDescription: "\(error)", underlyingError: error))
  }

  /// Where in the text this decoder stands: ` at nodes[3].operation`; empty at its root.
  public var placeDescription: String { codingPath.isEmpty ? "" : " at \(codingPath.placeDescription)" }
}

extension [any CodingKey] {
  /// As people write it: `nodes[3].operation`.
  public var placeDescription: String {
    reduce(into: "") { text, key in
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
  }
}
