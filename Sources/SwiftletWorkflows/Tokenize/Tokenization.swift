import SwiftletFiles
import SwiftletText

/// A text as token ids, or token ids as a text.
///
/// ```swift
/// let tokens = try Tokenization(.init(model: "models/smollm2", input: "story.txt"))
/// try tokens.write(as: .ids) { print(String(decoding: $0, as: UTF8.self), terminator: "") }
/// ```
public struct Tokenization {
  /// What is asked for.
  public struct Request {
    /// What ``SwiftletText/Tokenizer/init(ofModelAt:)`` reads.
    public var model: String
    /// A file; `-` is standard input.
    public var input: String
    /// Whether the input holds ids.
    public var decodes = false
    /// Whether what the model expects around a text is put there, or kept in the text of ids.
    public var keepsSpecialTokens = true

    public init(model: String, input: String) { (self.model, self.input) = (model, input) }
  }

  public let tokenizer: Tokenizer
  public let ids: [Int]
  /// Of the text.
  public let byteCount: Int
  let request: Request

  /// - Throws: ``ImportError`` for the tokenizer, ``TokenizationError`` for the input.
  public init(_ request: Request) throws {
    let tokenizer = try Tokenizer(ofModelAt: request.model)
    let input: [UInt8]
    do {
      input = request.input == "-" ? try .standardInput() : try [UInt8](contentsOf: FileName(request.input))
    } catch {
      throw TokenizationError.unreadable(request.input, error)
    }
    try self.init(input, request, by: tokenizer)
  }

  init(_ input: [UInt8], _ request: Request, by tokenizer: Tokenizer) throws(TokenizationError) {
    (self.tokenizer, self.request) = (tokenizer, request)
    if request.decodes {
      ids = try Self.ids(in: input, of: tokenizer, request)
      byteCount = tokenizer.pieces(of: ids, skipsSpecialTokens: !request.keepsSpecialTokens).reduce(0) { $0 + $1.count }
    } else {
      ids = tokenizer.encode(utf8: input, addsSpecialTokens: request.keepsSpecialTokens)
      byteCount = input.count
    }
  }

  /// The bytes of each id.
  var pieces: some Sequence<[UInt8]> {
    tokenizer.pieces(of: ids, skipsSpecialTokens: request.decodes && !request.keepsSpecialTokens)
  }

  /// Whole numbers with spaces, ends of lines, commas or the brackets of a list between them.
  private static func ids(
    in text: [UInt8], of tokenizer: Tokenizer, _ request: Request
  ) throws(TokenizationError) -> [Int] {
    let isToken = (0..<tokenizer.vocabularySize).map { tokenizer.token($0) != nil }
    var (ids, line, position) = ([Int](), 1, 0)
    while position < text.count {
      let start = position
      while position < text.count, !isSeparator[Int(text[position])] { position += 1 }
      if start < position {
        let word = text[start..<position]
        guard word.allSatisfy({ (0x30...0x39).contains($0) }) else {
          throw .noID(String(decoding: word.prefix(40), as: UTF8.self), line: line, input: request.input)
        }
        let id = word.reduce(0) { min($0, 1 << 40) * 10 + Int($1 - 0x30) }
        guard isToken.indices.contains(id), isToken[id] else {
          throw .unknownID(
            String(decoding: word.prefix(40), as: UTF8.self), line: line, input: request.input, model: request.model,
            count: isToken.count)
        }
        ids.append(id)
        continue
      }
      if text[position] == 0x0a { line += 1 }
      position += 1
    }
    return ids
  }

  private static let isSeparator = (UInt8.min...UInt8.max).map { " \t\r\n,[]".utf8.contains($0) }
}

/// Why a text or ids are not read.
public enum TokenizationError: Error, Hashable, Sendable, CustomStringConvertible {
  case unreadable(String, FileError)
  case noID(String, line: Int, input: String)
  case unknownID(String, line: Int, input: String, model: String, count: Int)

  public var description: String {
    switch self {
    case .unreadable(let path, let error): "\(Self.name(path)) \(error)"
    case .noID(let word, let line, let input):
      "\(Self.name(input)), line \(line): \(word.quotedAsJSON) is no token id: write whole numbers with spaces between them"
    case .unknownID(let id, let line, let input, let model, let count):
      "\(Self.name(input)), line \(line): \(model) has no token \(id): its ids are from 0 to \(count - 1)"
    }
  }

  private static func name(_ input: String) -> String { input == "-" ? "standard input" : input }
}
