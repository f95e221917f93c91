import SwiftletText
import Synchronization

/// Messages back and forth with a model, put into its words by its chat template.
///
/// ```swift
/// let conversation = try Conversation(with: model, system: "You answer briefly.")
/// for try await piece in conversation.reply(to: "What is a heap?") { print(piece, terminator: "") }
/// ```
/// The model reads what is new; what it has read of the conversation stays known. One reply is written at a time.
public final class Conversation: Sendable {
  private let tokenizer: Tokenizer
  private let written: Mutex<[ChatMessage]>
  private let state: Mutex<State>
  private let replies = Atomic<Int>(0)

  private struct State {
    var generation: Generation
    /// The number of the reply that was begun last.
    var reply = 0
  }

  /// - Throws: ``LanguageError/conversation(_:)`` where there is no chat template, or it is not carried out or refuses the
  ///   system's message; ``LanguageError/option(_:value:takes:)``.
  init(with reader: any TokenReader, system: String?, _ options: GenerationOptions) throws(LanguageError) {
    tokenizer = reader.tokenizer
    let messages = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
    written = Mutex(messages)
    state = Mutex(State(generation: try Generation(by: reader, options)))
    _ = try tokens(of: messages + [ChatMessage(role: "user", content: "")])
  }

  /// What was said, what is being said included.
  public var messages: [ChatMessage] { written.withLock { $0 } }

  /// What the model answers. The message is said when the first piece is asked for, and not where that throws.
  ///
  /// A reply that is left, or cancelled, stays as far as it was said; when another one begins, it has ended. The stream throws
  /// ``LanguageError/busy`` where two tasks ask at once.
  public func reply(to message: String) -> TextStream {
    let number = replies.add(1, ordering: .relaxed).newValue
    let step: TextStream.Step = { (isCancelled) throws(LanguageError) in
      try self.step(of: number, to: message, isCancelled)
    }
    return TextStream { step }
  }

  private func step(
    of number: Int, to message: String, _ isCancelled: () -> Bool
  ) throws(LanguageError) -> Generation.Piece? {
    let piece = try state.withLockIfAvailable { (state) throws(LanguageError) -> Generation.Piece? in
      if number > state.reply {
        try begin(after: message, &state.generation)
        state.reply = number
      }
      guard number == state.reply, let piece = try state.generation.next(isCancelled: isCancelled) else { return nil }
      written.withLock { $0[$0.count - 1].content += piece.text }
      return piece
    }
    guard let piece else { throw .busy }
    return piece
  }

  private func begin(after message: String, _ generation: inout Generation) throws(LanguageError) {
    let messages = messages + [ChatMessage(role: "user", content: message)]
    try generation.begin(after: tokens(of: messages), continues: false)
    written.withLock { $0 = messages + [ChatMessage(role: "assistant", content: "")] }
  }

  /// The template holds the tokens around a text itself.
  private func tokens(of messages: [ChatMessage]) throws(LanguageError) -> [Int] {
    do throws(TokenizerError) {
      return tokenizer.encode(try tokenizer.render(messages), addsSpecialTokens: false)
    } catch {
      throw .conversation(error)
    }
  }
}
