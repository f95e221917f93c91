import LanguageTestSupport
import SwiftletText
import Testing

@testable import SwiftletLanguage

@Suite struct ConversationTests {
  /// Ends a turn after the tokens that it has read a multiple of 11 of.
  private func reader() -> ScriptedReader {
    ScriptedReader { (tokens) throws(LanguageError) in
      if tokens.count % 11 == 0 { return ByteTokenizer.end }
      return 97 + (tokens.reduce(7) { ($0 &* 31 &+ $1) & 0xffff }) % 26
    }
  }

  private func text(_ stream: TextStream) async throws -> (String, Generation.Outcome) {
    var (text, outcome) = ("", Generation.Outcome?.none)
    for try await piece in stream {
      text += piece.text
      outcome = piece.outcome
    }
    return (text, try #require(outcome))
  }

  @Test func `a reply is what the model says to the whole conversation, and only what is new is read`() async throws {
    let reader = reader()
    let conversation = try Conversation(with: reader, system: "Be brief.", .init())
    var said = [ChatMessage(role: "system", content: "Be brief.")]
    for message in ["Hello", "And then?", "Why?"] {
      reader.log.clear()
      let (reply, outcome) = try await text(conversation.reply(to: message))
      said.append(ChatMessage(role: "user", content: message))
      // Oracle: the conversation read as a whole.
      let prompt = reader.tokenizer.encode(try reader.tokenizer.render(said))
      var fresh = try Generation(by: self.reader(), .init())
      try fresh.begin(after: prompt, continues: false)
      let (expected, alone) = try GenerationTests.pieces(&fresh)
      #expect(reply == expected.joined() && outcome.tokens == alone.tokens)
      said.append(ChatMessage(role: "assistant", content: reply))
      #expect(conversation.messages == said)
      let read = reader.log.all.flatMap { $0 }
      #expect(read.count == prompt.count - outcome.knownTokens + outcome.tokens.count - 1)
      if message != "Hello" { #expect(read.count < prompt.count / 2 + outcome.tokens.count) }
    }
  }

  @Test func `a reply that is left stays as far as it was said`() async throws {
    let conversation = try Conversation(with: reader(), system: nil, .init())
    let reply = conversation.reply(to: "Hello")
    for try await _ in reply { break }
    let begun = try #require(conversation.messages.last)
    #expect(begun.role == "assistant" && begun.content.count == 1)
    // Another loop goes on with it.
    let (rest, _) = try await text(reply)
    #expect(conversation.messages.last?.content == begun.content + rest)

    let left = conversation.reply(to: "Again").makeAsyncIterator()
    var iterator = left
    let piece = try await iterator.next()
    let (after, _) = try await text(conversation.reply(to: "And now?"))
    #expect(try await iterator.next() == nil)
    #expect(
      conversation.messages.suffix(4) == [
        ChatMessage(role: "user", content: "Again"), ChatMessage(role: "assistant", content: piece?.text ?? "-"),
        ChatMessage(role: "user", content: "And now?"), ChatMessage(role: "assistant", content: after),
      ])
  }

  @Test func `a message that does not fit is refused and not said`() async throws {
    var reader = reader()
    reader.contextLength = 60
    let conversation = try Conversation(with: reader, system: nil, .init())
    _ = try await text(conversation.reply(to: "Hi"))
    let said = conversation.messages
    let long = String(repeating: "long ", count: 20)
    await #expect(throws: LanguageError.self) { try await text(conversation.reply(to: long)) }
    #expect(conversation.messages == said)
    let (reply, outcome) = try await text(conversation.reply(to: "Ho"))
    #expect(conversation.messages.last?.content == reply && outcome.knownTokens > 0)
  }

  @Test func `one step at a time`() throws {
    let conversation = try Conversation(with: reader(), system: nil, .init())
    var reply = conversation.reply(to: "Hello").makeAsyncIterator()
    var other = conversation.reply(to: "Hello?").makeAsyncIterator()
    var refusal: LanguageError?
    let piece = try reply.next {
      do { _ = try other.next { false } } catch { refusal = error as? LanguageError }
      return false
    }
    #expect(refusal == .busy && piece != nil)
  }

  @Test func `a model without a chat template, or with one that refuses, is told from the start`() throws {
    var reader = reader()
    reader.tokenizer = ByteTokenizer.plain
    let error = try #require(throws: LanguageError.self) { try Conversation(with: reader, system: nil, .init()) }
    #expect(
      "\(error)" == "the conversation cannot be put into the model's words: the tokenizer has no chat template")
  }
}
