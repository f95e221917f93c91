import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct BytePairTrainerTests {
  private struct Learned: Decodable {
    let tokens, merges: Int
    let fingerprint: String
  }

  private func fingerprint(_ tokenizer: Tokenizer) throws -> (count: Int, fingerprint: String) {
    let file = try JSONSerialization.jsonObject(with: tokenizer.huggingFaceFiles().tokenizer) as? [String: Any]
    let model = try #require(file?["model"] as? [String: Any])
    let merges = try #require(model["merges"] as? [[String]])
    let ids = try merges.joined().map { try #require(tokenizer.id(of: $0)) }
    return (merges.count, GoldenTokenizers.Fingerprinted(ids).fingerprint)
  }

  /// Oracle: the trainer of `tokenizers` on the same texts.
  @Test func `it learns what tokenizers learns from hard cases`() throws {
    let golden = try #require(GoldenTokenizers.decoded([String: Learned].self, "learned.json")["smollm"])
    var trainer = BytePairTrainer(vocabularySize: 600)
    trainer.preTokenizer = .smollm
    let texts = try GoldenTokenizers.cases.get().texts.map(\.whole).filter { !$0.contains("<|endoftext|>") }
    let tokenizer = try trainer.train(on: texts)
    let found = try fingerprint(tokenizer)
    #expect(found == (golden.merges, golden.fingerprint))
    #expect(tokenizer.vocabularySize == golden.tokens)
  }

  @Test(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
  func `it learns what tokenizers learns from Shakespeare`() throws {
    let golden = try GoldenTokenizers.decoded([String: Learned].self, "learned.json")
    let text = try #require(TextsTests.texts("tinyshakespeare.txt").first)
    var trainer = BytePairTrainer(vocabularySize: 2000)
    #expect(
      try fingerprint(trainer.train(on: [text])) == (
        #require(golden["gpt2"]).merges, #require(golden["gpt2"]).fingerprint
      ))
    trainer = BytePairTrainer(vocabularySize: 1500)
    trainer.preTokenizer = .llama3
    let parts = text.components(separatedBy: "\n\n")
    #expect(
      try fingerprint(trainer.train(on: parts)) == (
        #require(golden["llama3"]).merges, #require(golden["llama3"]).fingerprint
      ))
  }

  @Test func `a learned tokenizer is written and read again`() throws {
    var trainer = BytePairTrainer(vocabularySize: 300)
    trainer.specialTokens = ["<s>", "</s>"]
    (trainer.beginning, trainer.end) = ("<s>", "</s>")
    let tokenizer = try trainer.train(on: ["the cat and the hat and the bat</s>the rat", "the <s>the"])
    #expect(tokenizer.beginning == 0 && tokenizer.end == 1 && tokenizer.vocabularySize < 300)
    #expect(tokenizer.id(of: "Ġthe") != nil && tokenizer.id(of: "the") != nil)
    // Nothing is learned across or from a special token.
    #expect(tokenizer.id(of: "s>") == nil)
    let files = try tokenizer.huggingFaceFiles()
    let again = try Tokenizer(huggingFace: files.tokenizer, configuration: files.configuration)
    for text in ["the cat", "<s>the</s>", "über 你", ""] {
      #expect(again.encode(text) == tokenizer.encode(text))
      #expect(tokenizer.encode(text).first == 0)
      #expect(tokenizer.decode(tokenizer.encode(text)).hasSuffix(text))
    }
    #expect(again.end == 1)
  }

  /// Law: Qwen2 composes texts, in training as in use, so that both spellings teach the same.
  @Test func `words are learned as they will be encoded`() throws {
    var trainer = BytePairTrainer(vocabularySize: 300)
    trainer.preTokenizer = .qwen2
    let (composed, parted) = ("caf\u{e9} \u{e9}t\u{e9}", "cafe\u{301} e\u{301}te\u{301}")
    let tokenizer = try trainer.train(on: [parted, parted])
    let other = try trainer.train(on: [composed, composed])
    #expect(try tokenizer.huggingFaceFiles().tokenizer == other.huggingFaceFiles().tokenizer)
    let spellings = tokenizer.encode(parted).compactMap(tokenizer.token)
    #expect(spellings == ["caf\u{c3}\u{a9}", "\u{120}\u{c3}\u{a9}t\u{c3}\u{a9}"])
  }

  @Test func `settings that cannot be met are refused in a sentence`() throws {
    func sentence(_ change: (inout BytePairTrainer) -> Void) -> String {
      var trainer = BytePairTrainer(vocabularySize: 300)
      change(&trainer)
      do {
        _ = try trainer.train(on: ["a"])
        return "learned"
      } catch {
        return "\(error)"
      }
    }
    #expect(sentence { _ in } == "learned")
    #expect(sentence { $0.vocabularySize = 256 }.contains("at least 257, not 256"))
    #expect(sentence { $0.preTokenizer = .none }.contains("byte-level tokens are learned"))
    #expect(sentence { $0.specialTokens = ["a", "a", "<|endoftext|>"] }.contains("are the same"))
    #expect(sentence { $0.end = "</s>" }.contains("\"</s>\" is not among the special tokens"))
  }
}
