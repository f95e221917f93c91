import LanguageTestSupport
import SwiftletText
import Synchronization

@testable import SwiftletLanguage

/// A model whose next token is a function of all that it has read, over a tokenizer whose ids are bytes.
struct ScriptedReader: TokenReader {
  var vocabulary = ByteTokenizer.vocabulary
  var contextLength = 1000
  var ends: Set<Int> = [ByteTokenizer.end]
  var tokenizer = ByteTokenizer.chat
  var tokens: [Int] = []
  let log = ReadLog()
  let next: @Sendable ([Int]) throws(LanguageError) -> Int

  init(_ next: @escaping @Sendable ([Int]) throws(LanguageError) -> Int) { self.next = next }

  /// Says the text after prompts of any length, over and over.
  static func saying(_ text: String, after prompt: Int) -> ScriptedReader {
    let bytes = text.utf8.map(Int.init)
    return ScriptedReader { (tokens) throws(LanguageError) in bytes[(tokens.count - prompt) % bytes.count] }
  }

  /// The tokens of a reader that babbles: letters that depend on everything.
  static func babbling() -> ScriptedReader {
    ScriptedReader { (tokens) throws(LanguageError) in
      let hash = tokens.reduce(UInt64(17)) { ($0 &* 31 &+ UInt64($1)) &* 0x9E37_79B9_7F4A_7C15 }
      return 97 + Int(hash >> 33) % 26
    }
  }

  mutating func truncate(to count: Int) { tokens.removeLast(tokens.count - count) }

  mutating func scores(after tokens: [Int]) throws(LanguageError) -> [Float] {
    precondition(!tokens.isEmpty && self.tokens.count + tokens.count <= contextLength)
    self.tokens += tokens
    log.add(tokens)
    let token = try next(self.tokens)
    return (0..<vocabulary).map { $0 == token ? 10 : Float($0 % 7) / 10 }
  }
}

/// What was read, call by call; freed with the last reader.
final class ReadLog: Sendable {
  private let reads = Mutex<[[Int]]>([])

  func add(_ tokens: [Int]) { reads.withLock { $0.append(tokens) } }
  var all: [[Int]] { reads.withLock { $0 } }
  func clear() { reads.withLock { $0 = [] } }
}
