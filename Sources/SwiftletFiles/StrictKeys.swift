extension Decoder {
  /// Refuses keys that `Keys` does not list, so that a typing mistake in a file cannot pass for a default.
  public func rejectUnknownKeys<Keys: CodingKey & CaseIterable>(_ keys: Keys.Type) throws {
    try rejectUnknownKeys(besides: keys.allCases.map(\.stringValue))
  }

  /// Refuses keys that are not among the known ones.
  public func rejectUnknownKeys(besides known: [String]) throws {
    let found = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    let unknown = found.filter { !known.contains($0) }.sorted()
    guard !unknown.isEmpty else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath,
        debugDescription: "unknown \(unknown.count == 1 ? "key" : "keys") \(unknown.joined(separator: ", ")); "
          + "known are \(known.joined(separator: ", "))"))
  }
}

private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
