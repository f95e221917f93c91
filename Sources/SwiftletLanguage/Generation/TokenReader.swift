import SwiftletText

/// What reads tokens and foretells the next one: a model, with what it has read.
protocol TokenReader: Sendable {
  var vocabulary: Int { get }
  /// How many tokens it can read.
  var contextLength: Int { get }
  /// The tokens that end a text.
  var ends: Set<Int> { get }
  var tokenizer: Tokenizer { get }
  /// What it has read.
  var tokens: [Int] { get }

  /// Forgets all but the first tokens.
  mutating func truncate(to count: Int)
  /// Reads tokens, at least one, and scores all that may follow.
  mutating func scores(after tokens: [Int]) throws(LanguageError) -> [Float]
}

extension TokenReader {
  /// Forgets what does not begin a text, so that only the rest of it has to be read. Its last token always has to, as the
  /// scores are those behind it.
  ///
  /// - Returns: the rest.
  mutating func keep(beginning text: [Int]) -> [Int] {
    let common = zip(tokens, text.dropLast()).prefix { $0 == $1 }.count
    truncate(to: common)
    return Array(text[common...])
  }
}
