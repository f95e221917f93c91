/// A key of any name: what is in the file, rather than what we hope is in it.
private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int? = nil
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// Refuses an object with keys that the program does not know: a misspelt key would otherwise be ignored in silence.
  func refuseUnknownKeys<Key: CodingKey & CaseIterable>(besides known: Key.Type) throws {
    let names = known.allCases.map(\.stringValue)
    let container = try container(keyedBy: AnyKey.self)
    if let stranger = container.allKeys.sorted(by: { $0.stringValue < $1.stringValue })
      .first(where: { !names.contains($0.stringValue) })
    {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath,
          debugDescription: "unknown key “\(stranger.stringValue)”, the keys are \(names.joined(separator: ", "))"))
    }
  }
}

extension DecodingError {
  /// One clause that says where and what: `layers[3].pattern: pattern 5:4 keeps more than it has …`.
  var sentence: String {
    let (context, what): (Context, String) =
      switch self {
      case .keyNotFound(let key, let context): (context, "the key “\(key.stringValue)” is missing")
      case .typeMismatch(let type, let context): (context, "expected \(Self.name(of: type)) here")
      case .valueNotFound(let type, let context): (context, "expected \(Self.name(of: type)) here, found null")
      case .dataCorrupted(let context): (context, context.debugDescription)
      @unknown default: (Context(codingPath: [], debugDescription: ""), "\(self)")
      }
    let place = context.codingPath.reduce(into: "") { place, key in
      if let index = key.intValue {
        place += "[\(index)]"
      } else {
        place += (place.isEmpty ? "" : ".") + key.stringValue
      }
    }
    return place.isEmpty ? what : "\(place): \(what)"
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    case is [String: Any].Type: "an object"
    default: "\(type)"
    }
  }
}
