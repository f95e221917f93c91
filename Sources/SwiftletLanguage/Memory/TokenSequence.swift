/// A text that a model has read so far: its tokens, and what the model remembers of them.
///
/// A value: a copy goes its own way, and shares with the original what both have read, so that texts with one beginning read it
/// once. The memory grows by pages of 256 tokens.
public struct TokenSequence: Sendable {
  public private(set) var tokens: [Int] = []
  private(set) var pages: [Page] = []
  /// The number of the model that reads it.
  let model: UInt64
  let pageByteCount: Int

  init(model: UInt64, pageByteCount: Int) { (self.model, self.pageByteCount) = (model, pageByteCount) }

  public var count: Int { tokens.count }

  /// Bytes of the memory; copies share it until they go on.
  public var byteCount: Int { pages.count * pageByteCount }

  /// Forgets the tokens from `count` on.
  ///
  /// - Precondition: there are so many.
  public mutating func truncate(to count: Int) {
    precondition((0...tokens.count).contains(count), "TokenSequence: \(count) of \(tokens.count) tokens")
    tokens.removeLast(tokens.count - count)
    pages.removeLast(pages.count - MemoryPages.count(for: count))
  }

  /// Room for more tokens, in pages that no other text shares.
  mutating func prepare(for more: Int) throws(LanguageError) {
    let first = tokens.count / MemoryPages.positions
    for index in first..<MemoryPages.count(for: tokens.count + more) {
      if index == pages.count {
        pages.append(try Page(byteCount: pageByteCount))
      } else if !isKnownUniquelyReferenced(&pages[index]) {
        pages[index] = try pages[index].copy()
      }
    }
  }

  /// Takes over what was written of a text.
  mutating func restore(_ tokens: [Int], _ pages: [Page]) { (self.tokens, self.pages) = (tokens, pages) }

  /// Takes note of tokens that the memory has been given.
  mutating func append(_ more: some Collection<Int>) { tokens += more }
}
