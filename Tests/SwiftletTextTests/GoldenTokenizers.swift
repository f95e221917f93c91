import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport

/// What tools/goldens/tokenization.py wrote.
enum GoldenTokenizers {
  struct HardCase: Decodable {
    let name: String
    /// Repeated until it has the length, where that is given.
    private let text: String
    private let length: Int?

    var whole: String {
      guard let length else { return text }
      let unit = Array(text.unicodeScalars)
      return String(String.UnicodeScalarView((0..<length).map { unit[$0 % unit.count] }))
    }
  }

  struct Cases: Decodable {
    let texts: [HardCase]
    /// Bytes that are no UTF-8, in hexadecimal.
    let broken: [String]
  }

  /// Ids, or of many their number and fingerprint.
  enum IDs: Decodable, Equatable {
    case all([Int])
    case fingerprint(Fingerprinted)

    init(from decoder: any Decoder) throws {
      if let fingerprint = try? Fingerprinted(from: decoder) {
        self = .fingerprint(fingerprint)
      } else {
        self = .all(try [Int](from: decoder))
      }
    }

    init(_ ids: [Int]) { self = ids.count <= 200 ? .all(ids) : .fingerprint(Fingerprinted(ids)) }
  }

  struct Fingerprinted: Decodable, Equatable {
    let count: Int
    let fingerprint: String

    init(_ ids: [Int]) {
      var state = Fingerprint(.plain)
      for id in ids { state.mix(id) }
      (count, fingerprint) = (ids.count, state.hexadecimal)
    }
  }

  struct Expected: Decodable {
    let ids: IDs?
    /// Without special tokens, neither added nor recognised.
    let plain: IDs
    /// What the ids decode to without special tokens.
    let text: String?
  }

  static func decoded<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: Goldens.url(name)))
  }

  static let cases = Result { try decoded(Cases.self, "hard-cases.json") }
  static let expected = Result { try decoded([String: [String: Expected]].self, "expected.json") }

  static let small = [
    "gpt2-small", "smollm-small", "llama3-small", "qwen2-small", "added-small", "legacy-small", "first-small",
    "always-small",
  ]

  static func json(_ name: String) throws -> Data { try Data(contentsOf: Goldens.url("\(name).json")) }

  /// A small tokenizer.
  static func tokenizer(_ name: String) throws -> Tokenizer { try Tokenizer(huggingFace: json(name)) }

  static var language: URL? { SharedData.directory?.appending(path: "language") }

  /// A vocabulary that is really used, from the shared data.
  static func real(_ name: String) throws -> Tokenizer {
    guard let language else { throw CocoaError(.fileNoSuchFile) }
    switch name {
    case "gpt2":
      let vocabulary = try String(contentsOf: language.appending(path: "gpt2_vocab.json"), encoding: .utf8)
      let merges = try String(contentsOf: language.appending(path: "gpt2_merges.txt"), encoding: .utf8)
        .split(separator: "\n").filter { !$0.hasPrefix("#version") }.map { String($0).quotedAsJSON }
      let text = """
        {"added_tokens":[{"id":50256,"content":"<|endoftext|>","single_word":false,"lstrip":false,"rstrip":false,
        "normalized":true,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel",
        "add_prefix_space":false,"trim_offsets":true},"post_processor":null,"decoder":{"type":"ByteLevel"},
        "model":{"type":"BPE","vocab":\(vocabulary),"merges":[\(merges.joined(separator: ","))]}}
        """
      return try Tokenizer(huggingFace: Data(text.utf8))
    case "llama2", "llama2.tokenizer.model":
      return try Tokenizer(sentencePiece: Data(contentsOf: language.appending(path: "llama2.tokenizer.model")))
    case "tok512":
      return try Tokenizer(
        llama2c: Data(contentsOf: language.appending(path: "tok512.bin")), vocabularySize: 512)
    case "smollm2":
      guard let file = FetchedModels.smolLM2 else { throw CocoaError(.fileNoSuchFile) }
      return try Tokenizer(gguf: GGUFVocabulary(GGUFFile(MappedFile(path: file.path))))
    default: throw CocoaError(.fileNoSuchFile)
    }
  }

  static let realNames = ["gpt2", "llama2", "tok512"]
}
