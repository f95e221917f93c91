/// A file of JSON values, one a line; numbers that are none are the texts `inf`, `-inf` and `nan`.
///
/// It is written line by line, so that an interruption leaves at most a last line without an end, which readers pass over.
public enum JSONLines {
  /// A line of a file, counted from 1, that is none of those it should hold.
  public struct Malformed: Error, Hashable, Sendable {
    public let line: Int
  }

  /// One line, its end included.
  ///
  /// - Throws: `EncodingError`.
  public static func line(_ value: some Encodable) throws -> [UInt8] {
    try StrictJSON.encode(value, nonFinite: .asText) + [newline]
  }

  public static func decode<Value: Decodable>(_ type: Value.Type, from line: some Sequence<UInt8>) throws -> Value {
    try StrictJSON.decode(type, from: line, nonFinite: .asText)
  }

  /// The whole lines of a text that hold anything, without their ends.
  public static func split(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
    let end = text.lastIndex(of: newline) ?? text.startIndex
    return text[..<end].split(separator: newline)
  }

  /// The values of a file's whole lines.
  ///
  /// - Throws: `FileError` if it cannot be read, ``Malformed`` for a line that is no such value.
  public static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws -> [Value] {
    try split([UInt8](contentsOf: FileName(path))).enumerated().map { index, line in
      guard let value = try? decode(type, from: line) else { throw Malformed(line: index + 1) }
      return value
    }
  }

  /// The first line of a file, whole or not; nil where it has none.
  public static func first(of path: String) -> [UInt8]? {
    guard let file = try? MappedFile(path: path) else { return nil }
    let line = file.bytes.drop { $0 == newline }.prefix { $0 != newline }
    return line.isEmpty ? nil : Array(line)
  }

  static let newline = UInt8(ascii: "\n")
}
