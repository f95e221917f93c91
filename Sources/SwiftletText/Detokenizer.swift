/// Makes bytes of one token after another.
struct TokenDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipsSpecialTokens: Bool
  private var isFirstToken = true
  private var isFirstByte = true

  init(_ tokenizer: Tokenizer, skipsSpecialTokens: Bool) {
    (self.tokenizer, self.skipsSpecialTokens) = (tokenizer, skipsSpecialTokens)
  }

  mutating func bytes(of id: Int) -> [UInt8] {
    let added = tokenizer.added[id]
    guard added != nil || tokenizer.vocabulary.contains(id) else { return [] }
    if let added, added.isSpecial, skipsSpecialTokens { return [] }
    defer { isFirstToken = false }
    var bytes = added.map { Array($0.content.utf8) } ?? tokenizer.vocabulary[id]
    switch tokenizer.decoding {
    case .bytes: break
    case .metaspace(dropsFirstMarks: true) where isFirstToken:
      bytes = bytes.replacing(Tokenizer.mark, [])
    case .metaspace: bytes = bytes.replacing(Tokenizer.mark, Tokenizer.space)
    case .pieces(let dropsFirstSpace):
      if added == nil, let byte = Self.byte(of: bytes) {
        bytes = [byte]
      } else {
        bytes = bytes.replacing(Tokenizer.mark, Tokenizer.space)
      }
      if dropsFirstSpace, isFirstByte, !bytes.isEmpty {
        if bytes[0] == 0x20 { bytes.removeFirst() }
        isFirstByte = false
      }
    }
    return bytes
  }

  /// The byte of a token such as `<0x0A>`.
  static func byte(of token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: Array("<0x".utf8)), token[5] == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }
}

/// Makes text of tokens as they come, and never gives out half a character: bytes wait for those that complete them.
///
/// ```swift
/// var detokenizer = Detokenizer(tokenizer)
/// for id in generated { print(detokenizer.append(id), terminator: "") }
/// print(detokenizer.finish())
/// ```
/// What it gives, joined, is what ``Tokenizer/decode(_:skipsSpecialTokens:)`` gives. A character is a Unicode scalar:
/// an accent or the second half of a flag may follow in the next piece.
public struct Detokenizer: Sendable {
  private var decoder: TokenDecoder
  private var waiting: [UInt8] = []

  public init(_ tokenizer: Tokenizer, skipsSpecialTokens: Bool = false) {
    decoder = TokenDecoder(tokenizer, skipsSpecialTokens: skipsSpecialTokens)
  }

  /// The text that a token completes.
  public mutating func append(_ id: Int) -> String {
    waiting += decoder.bytes(of: id)
    let held = UTF8Ending.incompleteCount(of: waiting)
    let text = String(decoding: waiting.dropLast(held), as: UTF8.self)
    waiting.removeFirst(waiting.count - held)
    return text
  }

  /// What was still waiting: U+FFFD where no more bytes follow those of a character.
  public mutating func finish() -> String {
    defer { waiting = [] }
    return String(decoding: waiting, as: UTF8.self)
  }
}
