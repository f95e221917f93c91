import ArgumentParser
import SwiftletFiles
import SwiftletLanguage
import SwiftletTerminal

/// Lets a language model write to standard output: what follows on a prompt, or its side of a conversation.
struct TextRun {
  private let model: LanguageModel
  private let options: GenerationOptions
  private let asJSON: Bool

  init(of model: LanguageModel, options: GenerationOptions, asJSON: Bool) {
    (self.model, self.options, self.asJSON) = (model, options, asJSON)
  }

  /// - Throws: `ExitCode`, as a shell has it of a program that a signal ends, where one came; what the model or standard output
  ///   throw.
  func write(after prompt: String) throws {
    if let signal = try show(model.stream(prompt, options), of: prompt) { throw ExitCode(128 + signal) }
  }

  /// Answers each line of standard input.
  ///
  /// Where somebody types, Ctrl-C ends a reply and not the conversation, and what is refused may be said in another way; otherwise
  /// both end it.
  func converse(system: String?) throws {
    let conversation = try Conversation(with: model, system: system, options)
    let isTyped = LineInput.isTyped
    var lines = Prompt.Lines()
    while true {
      if isTyped { try? StandardStream.error.write("> ") }
      do {
        guard let line = try lines.next() else { break }
        if line.allSatisfy(\.isWhitespace) { continue }
        let signal = try show(conversation.reply(to: line), of: line)
        if let signal, !isTyped || signal != SIGINT { throw ExitCode(128 + signal) }
      } catch let error as any ExitStatusError where isTyped && (error is LanguageError || error is PromptError) {
        printToStandardError("error: \(error)")
        if case .unreadable? = error as? PromptError { throw error }
      }
    }
    // Behind the sign that waits for a line.
    if isTyped { try? StandardStream.error.write("\n") }
  }

  /// Shows a text as it is written.
  ///
  /// - Returns: the signal that ended it, if any.
  private func show(_ stream: TextStream, of prompt: String) throws -> Int32? {
    try Interruption.whileListening {
      var (iterator, text) = (stream.makeAsyncIterator(), "")
      // What comes next, an error's sentence or a prompt of the shell, begins a line of its own.
      defer { if !asJSON, !text.isEmpty, text.last != "\n" { try? StandardOutput.print("") } }
      while let piece = try iterator.next(isCancelled: { Interruption.signalNumber != nil }) {
        text += piece.text
        if !asJSON { try StandardOutput.write(Array(piece.text.utf8)) }
        guard let outcome = piece.outcome else { continue }
        if asJSON { try printJSON(TextResult(prompt: prompt, text: text, outcome)) }
      }
      return Interruption.signalNumber
    }
  }
}
