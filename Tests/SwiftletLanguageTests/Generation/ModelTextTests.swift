import LanguageTestSupport
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletLanguage

/// Texts of a model file.
@Suite struct ModelTextTests {
  private func model(_ successors: SuccessorModel) throws -> LanguageModel {
    let folder = try TemporaryFolder()
    try successors.write(to: folder.url.appending(path: "model"))
    return try LanguageModel(contentsOf: folder.url.appending(path: "model"), threads: 1)
  }

  @Test func `a stream goes on from a prompt`() async throws {
    let model = try model(SuccessorModel(saying: "atime"))
    var generation = try Generation(of: model, after: "xa", GenerationOptions(maxTokens: 4))
    var pieces: [String] = []
    while let piece = try generation.next() { pieces.append("\(piece)") }
    var streamed: [String] = []
    for try await piece in model.stream("xa", GenerationOptions(maxTokens: 4)) { streamed.append("\(piece)") }
    #expect(pieces == ["t", "i", "m", "e"] && streamed == pieces)
  }

  /// A copy of what was read would cost more than the token.
  @Test func `what a text has read stays where it lies`() throws {
    let model = try model(SuccessorModel(saying: "abc"))
    var generation = try Generation(of: model, after: "a")
    func page() -> ObjectIdentifier? {
      (generation.reader as? ModelReader)?.sequence.pages.first.map(ObjectIdentifier.init)
    }
    _ = try generation.next()
    let first = page()
    for _ in 0..<10 { _ = try generation.next() }
    #expect(first != nil && page() == first)
    var copy = generation
    _ = try copy.next()
    _ = try generation.next()
    #expect(page() == first)
  }

  @Test func `texts with one beginning read it once, and go their own ways`() async throws {
    let model = try model(SuccessorModel(saying: "abcdef"))
    var common = model.makeSequence()
    _ = try model.scores(after: model.tokenizer.encode("a common beginning: "), in: &common)
    for (rest, expected) in [("b", "cde"), ("e", "fab"), ("", "")] {
      var (text, outcome) = ("", Generation.Outcome?.none)
      let prompt = "a common beginning: " + rest
      for try await piece in model.stream(prompt, knowing: common, GenerationOptions(maxTokens: 3)) {
        text += piece.text
        outcome = piece.outcome
      }
      // The last token of a prompt is always read.
      #expect(text == expected && outcome?.knownTokens == min(20, prompt.utf8.count - 1))
    }
    #expect(common.count == 20)
    var generation = try Generation(of: model, after: "xa", GenerationOptions(maxTokens: 2))
    while try generation.next() != nil {}
    #expect(generation.sequence?.tokens == Array("xab".utf8).map(Int.init))
    let foreign = try self.model(SuccessorModel(saying: "abc")).makeSequence()
    #expect(throws: LanguageError.foreignSequence) {
      var generation = try Generation(of: model, after: "a", knowing: foreign)
      _ = try generation.next()
    }
  }

  @Test func `a context that slides goes on for ever`() async throws {
    var successors = SuccessorModel(saying: "abc")
    successors.contextLength = 8
    let model = try model(successors)
    var (text, slides) = ("", 0)
    for try await piece in model.stream("a", GenerationOptions(maxTokens: 50, whenFull: .slide(keeping: 2))) {
      text += piece.text
      slides = piece.outcome?.slides ?? 0
    }
    #expect(text == String(String(repeating: "bca", count: 17).prefix(50)) && slides > 5)
  }

  @Test func `a conversation with a model file`() async throws {
    var successors = SuccessorModel(saying: ":Hi!", thenEnding: true)
    successors.contextLength = 300
    let model = try model(successors)
    let conversation = try Conversation(with: model, system: "Be kind.")
    for message in ["Hello", "Again"] {
      var (text, outcome) = ("", Generation.Outcome?.none)
      for try await piece in conversation.reply(to: message) {
        text += piece.text
        outcome = piece.outcome
      }
      #expect(text == "Hi!" && outcome?.ending == .token(ByteTokenizer.end))
      #expect((outcome?.knownTokens ?? 0 > 0) == (message == "Again"))
    }
  }

  @Test func `an empty prompt is refused, and so is one that does not fit`() async throws {
    let model = try model(SuccessorModel(saying: "abc"))
    #expect(throws: LanguageError.emptyPrompt) { try Generation(of: model, after: "") }
    await #expect(throws: LanguageError.promptTooLong(tokens: 65, context: 64)) {
      for try await _ in model.stream(String(repeating: "a", count: 65)) {}
    }
  }
}
