/// One of a few words that a file may hold. Decoding any other names those that are expected.
public protocol FileWord: RawRepresentable<String>, CaseIterable, Codable {}

extension FileWord {
  public init(from decoder: any Decoder) throws {
    let word = try decoder.singleValueContainer().decode(String.self)
    guard let value = Self(rawValue: word) else {
      let error = UnknownWord(word: word, known: Self.allCases.map(\.rawValue))
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(error)", underlyingError: error))
    }
    self = value
  }
}

/// A word that is none of those that may stand in its place.
public struct UnknownWord: Error, Hashable, Sendable, CustomStringConvertible {
  public let word: String
  public let known: [String]

  public var description: String { "found “\(word)”, expected \(known.joined(separator: ", "))" }
}
