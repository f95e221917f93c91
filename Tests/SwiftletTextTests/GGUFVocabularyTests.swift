import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct GGUFVocabularyTests {
  /// The vocabulary of a golden tokenizer as a GGUF file would have it.
  private func vocabulary(_ name: String, preTokenizer: String) throws -> GGUFVocabulary {
    let file = try JSONSerialization.jsonObject(with: GoldenTokenizers.json(name)) as? [String: Any]
    let model = try #require(file?["model"] as? [String: Any])
    let vocab = try #require(model["vocab"] as? [String: Int])
    var gguf = GGUFVocabulary(model: "gpt2", tokens: vocab.sorted { $0.value < $1.value }.map(\.key))
    gguf.merges = try #require(model["merges"] as? [[String]]).map { $0.joined(separator: " ") }
    let special = try #require(file?["added_tokens"] as? [[String: Any]]).compactMap { $0["id"] as? Int }
    gguf.types = gguf.tokens.indices.map { special.contains($0) ? 3 : 1 }
    gguf.preTokenizer = preTokenizer
    (gguf.beginning, gguf.end) = (0, 1)
    return gguf
  }

  @Test(arguments: [
    ("smollm-small", "smollm"), ("llama3-small", "llama-bpe"), ("qwen2-small", "qwen2"), ("gpt2-small", "gpt-2"),
  ])
  func `byte-level vocabularies give the ids of their tokenizer json`(name: String, preTokenizer: String) throws {
    let tokenizer = try Tokenizer(gguf: vocabulary(name, preTokenizer: preTokenizer))
    let reference = try GoldenTokenizers.tokenizer(name)
    for hard in try GoldenTokenizers.cases.get().texts {
      #expect(tokenizer.encode(hard.whole) == reference.encode(hard.whole), "\(hard.name)")
    }
    let files = try tokenizer.huggingFaceFiles()
    let again = try Tokenizer(huggingFace: files.tokenizer, configuration: files.configuration)
    for hard in try GoldenTokenizers.cases.get().texts {
      #expect(again.encode(hard.whole) == reference.encode(hard.whole), "\(hard.name)")
    }
  }

  @Test func `a SentencePiece vocabulary gives the ids of its model`() throws {
    let model = try Tokenizer(sentencePiece: Data(contentsOf: Goldens.url("small.model")))
    let tokens = (0..<model.vocabularySize).map { model.token($0) ?? "" }
    var gguf = GGUFVocabulary(model: "llama", tokens: tokens)
    // The trainer gives what merges the scores 0, -1, -2, …, and characters the lowest.
    gguf.types = tokens.indices.map { $0 == 0 ? 2 : $0 < 3 ? 3 : $0 < 259 ? 6 : 1 }
    gguf.scores = tokens.indices.map { $0 < 259 ? 0 : -Float($0 - 259) }
    (gguf.beginning, gguf.end, gguf.addsBOS) = (1, 2, true)
    let tokenizer = try Tokenizer(gguf: gguf)
    for hard in try GoldenTokenizers.cases.get().texts {
      #expect(tokenizer.encode(hard.whole) == model.encode(hard.whole), "\(hard.name)")
    }
    // The unknown token is known by its number too, and is one.
    gguf.types?[0] = 3
    gguf.unknown = 0
    #expect(try Tokenizer(gguf: gguf).encode("e") == model.encode("e"))
    gguf.types?[0] = 2
    gguf.unknown = 300
    #expect { try Tokenizer(gguf: gguf) } throws: { "\($0)".contains("two unknown tokens, 0 and 300") }
    gguf.unknown = nil
    gguf.addsSpacePrefix = false
    #expect(try Tokenizer(gguf: gguf).encode("e") == [1, model.id(of: "e")])
  }

  @Test func `lists that disagree and unknown names are refused in a sentence`() throws {
    func sentence(_ change: (inout GGUFVocabulary) -> Void) throws -> String {
      var gguf = try vocabulary("smollm-small", preTokenizer: "smollm")
      change(&gguf)
      do {
        _ = try Tokenizer(gguf: gguf)
        return "read"
      } catch {
        return "\(error)"
      }
    }
    #expect(try sentence { _ in } == "read")
    #expect(
      try sentence { $0.preTokenizer = "tekken" }.hasPrefix("its pre-tokenizer \"tekken\" is none of gpt-2, smollm"))
    #expect(try sentence { $0.preTokenizer = nil }.contains("does not say how texts are cut into words"))
    #expect(try sentence { $0.model = "bert" }.contains("of the model \"bert\""))
    #expect(try sentence { $0.merges = nil }.contains("has no merges"))
    #expect(try sentence { $0.model = "llama" }.contains("has no scores"))
    #expect(try sentence { $0.types = [1] }.contains("700 tokens and 1 types"))
    #expect(try sentence { $0.types?[3] = 17 }.contains("token 3 is of the unknown type 17"))
    #expect(try sentence { $0.end = 700 }.contains("ends a text is 700"))
    #expect(try sentence { $0.merges = ["a"] }.contains("is not two tokens"))
    #expect(try sentence { $0.merges = ["a 中"] }.contains("is not made of tokens"))
    #expect(
      try sentence {
        $0 = GGUFVocabulary(model: "llama", tokens: ["a", ""])
        $0.scores = [0, 0]
      } == "token 1 is empty")
  }

  /// By hand: an accent behind the space would be one character with it.
  @Test func `a merge is cut at its space whatever follows`() throws {
    var gguf = GGUFVocabulary(model: "gpt2", tokens: ["a", "\u{301}b", "a\u{301}b"])
    (gguf.merges, gguf.preTokenizer) = (["a \u{301}b"], "gpt-2")
    #expect(try Tokenizer(gguf: gguf).token(2) == "a\u{301}b")
    gguf.merges = ["a  \u{301}b"]
    #expect { try Tokenizer(gguf: gguf) } throws: { "\($0)".contains("is not two tokens with a space between") }
  }
}
