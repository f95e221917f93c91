import Foundation
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

/// Ids are bytes; 256 begins a turn and 257 ends it.
enum ByteTokenizer {
  static let (begin, end, vocabulary) = (256, 257, 258)
  static let template =
    "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    + "{{ '<|a|>' + m.role + ':' + m.content + '<|z|>' }}{% endfor %}"
    + "{% if add_generation_prompt %}<|a|>assistant:{% endif %}"

  static let chat = tokenizer(template: template)
  static let plain = tokenizer(template: nil)

  private static func tokenizer(template: String?) -> Tokenizer {
    var (vocabulary, next) = ([String: Int](), UInt32(0x100))
    for byte in UInt8.min...UInt8.max {
      if (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae {
        vocabulary[String(Unicode.Scalar(byte))] = Int(byte)
      } else {
        vocabulary[String(Unicode.Scalar(next)!)] = Int(byte)
        next += 1
      }
    }
    let special = [(begin, "<|a|>"), (end, "<|z|>")].map { id, content -> [String: Any] in
      [
        "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true,
      ]
    }
    let level: [String: Any] = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    let json: [String: Any] = [
      "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "added_tokens": special, "normalizer": NSNull(),
      "pre_tokenizer": level, "post_processor": NSNull(), "decoder": level,
      "model": [
        "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "continuing_subword_prefix": NSNull(),
        "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": vocabulary, "merges": [String](),
      ],
    ]
    var configuration: [String: Any] = ["eos_token": "<|z|>"]
    configuration["chat_template"] = template
    return try! Tokenizer(
      huggingFace: JSONSerialization.data(withJSONObject: json),
      configuration: JSONSerialization.data(withJSONObject: configuration))
  }
}
