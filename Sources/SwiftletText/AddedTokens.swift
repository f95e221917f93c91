/// Tokens that are found in a text before it is cut into words, special ones among them.
struct AddedTokens: Sendable {
  struct Token: Hashable, Sendable {
    var id: Int
    var content: String
    /// Whether it is no text: beginnings, ends, roles of a chat.
    var isSpecial = true
    /// Whether it swallows the spaces before it.
    var stripsLeft = false
    /// Whether it swallows the spaces behind it.
    var stripsRight = false
    /// Whether it is looked for in the text as normalised.
    var isNormalized = false
    /// Whether it counts only where no letter or digit touches it.
    var isSingleWord = false
  }

  enum Part {
    case text(Range<Int>)
    case token(Int)
  }

  let tokens: [Token]
  private let byID: [Int: Int]
  private let raw: Matcher
  private let normalized: Matcher

  /// - Parameter normalize: what is done to the texts in which normalised tokens are looked for.
  init(_ tokens: [Token], normalize: ([UInt8]) -> [UInt8]) {
    self.tokens = tokens
    byID = Dictionary(tokens.enumerated().map { ($1.id, $0) }) { first, _ in first }
    raw = Matcher(tokens.filter { !$0.isNormalized }.map { ($0, Array($0.content.utf8)) })
    normalized = Matcher(tokens.filter(\.isNormalized).map { ($0, normalize(Array($0.content.utf8))) })
  }

  subscript(id: Int) -> Token? { byID[id].map { tokens[$0] } }

  /// A text as tokens and what lies between them.
  ///
  /// - Parameters:
  ///   - normalized: whether the text is normalised, which decides for which tokens it is looked through.
  ///   - recognizesSpecial: without it special tokens stay text.
  func parts(of text: UnsafeBufferPointer<UInt8>, normalized isNormalized: Bool, recognizesSpecial: Bool) -> [Part] {
    (isNormalized ? normalized : raw).parts(of: text, recognizesSpecial: recognizesSpecial)
  }
}

/// Finds the longest of several tokens at the leftmost place.
private struct Matcher: Sendable {
  private let tokens: [AddedTokens.Token]
  /// Whether any token begins with a byte.
  private var begins = [Bool](repeating: false, count: 256)
  /// A trie: the node that a byte leads to, by `node << 8 | byte`.
  private var children: [Int: Int] = [:]
  /// By node, the token that ends there.
  private var ends: [Int?] = [nil]

  init(_ entries: [(token: AddedTokens.Token, pattern: [UInt8])]) {
    tokens = entries.map(\.token)
    for (index, entry) in entries.enumerated() {
      guard let first = entry.pattern.first else { continue }
      begins[Int(first)] = true
      var node = 0
      for byte in entry.pattern {
        let key = node << 8 | Int(byte)
        if let child = children[key] {
          node = child
        } else {
          node = ends.count
          ends.append(nil)
          children[key] = node
        }
      }
      if ends[node] == nil { ends[node] = index }
    }
  }

  func parts(of text: UnsafeBufferPointer<UInt8>, recognizesSpecial: Bool) -> [AddedTokens.Part] {
    guard !text.isEmpty else { return [] }
    var parts: [AddedTokens.Part] = []
    var (position, taken) = (0, 0)
    while !tokens.isEmpty, position < text.count {
      guard begins[Int(text[position])], let (token, end) = longest(at: position, in: text) else {
        position += 1
        continue
      }
      var (start, stop) = (position, end)
      position = end
      if token.isSpecial, !recognizesSpecial { continue }
      if token.isSingleWord, endsWithWord(text[..<start]) || beginsWithWord(text[stop...]) { continue }
      if token.stripsLeft { start = max(spacesBefore(start, in: text), taken) }
      if token.stripsRight { stop = spacesBehind(stop, in: text) }
      if taken < start { parts.append(.text(taken..<start)) }
      parts.append(.token(token.id))
      taken = stop
    }
    if taken < text.count { parts.append(.text(taken..<text.count)) }
    return parts
  }

  private func longest(
    at start: Int, in text: UnsafeBufferPointer<UInt8>
  ) -> (token: AddedTokens.Token, end: Int)? {
    var (node, position) = (0, start)
    var best: (AddedTokens.Token, Int)?
    while position < text.count, let child = children[node << 8 | Int(text[position])] {
      node = child
      position += 1
      if let index = ends[node] { best = (tokens[index], position) }
    }
    return best
  }

  private func last(of text: Slice<UnsafeBufferPointer<UInt8>>) -> (scalar: Unicode.Scalar, start: Int)? {
    // Four bytes back a character has begun.
    let whole = text.base
    for start in stride(from: text.endIndex - 1, through: max(text.startIndex, text.endIndex - 4), by: -1) {
      let (value, length) = whole.scalar(at: start)
      if let value, start + length == text.endIndex { return Unicode.Scalar(value).map { ($0, start) } }
    }
    return nil
  }

  private func endsWithWord(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    last(of: text)?.scalar.isWordCharacter ?? false
  }

  private func beginsWithWord(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard !text.isEmpty, let value = text.base.scalar(at: text.startIndex).value else { return false }
    return Unicode.Scalar(value)?.isWordCharacter ?? false
  }

  private func spacesBefore(_ end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
    var end = end
    while let (scalar, start) = last(of: text[..<end]), scalar.properties.isWhitespace { end = start }
    return end
  }

  private func spacesBehind(_ start: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
    var start = start
    while start < text.count {
      let (value, length) = text.scalar(at: start)
      guard CharacterClass.of(value) == .space else { break }
      start += length
    }
    return start
  }
}
