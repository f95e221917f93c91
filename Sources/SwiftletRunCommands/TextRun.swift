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

  /// - Parameters:
  ///   - known: a file of a text that the model has read.
  ///   - saved: where what it has read then is written, also where a signal ends the text.
  /// - Throws: `ExitCode`, as a shell has it of a program that a signal ends, where one came; what the model or standard output
  ///   throw.
  func write(after prompt: String, knowing known: URL? = nil, saving saved: URL? = nil) throws {
    let known = try known.map { try model.sequence(contentsOf: $0) }
    var generation = try Generation(of: model, after: prompt, knowing: known, options)
    let signal = try show(of: prompt) { try generation.next(isCancelled: $0) }
    if let saved, let sequence = generation.sequence { try model.write(sequence, to: saved) }
    if let signal { throw ExitCode(128 + signal) }
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
        var reply = conversation.reply(to: line).makeAsyncIterator()
        let signal = try show(of: line) { try reply.next(isCancelled: $0) }
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
  /// - Parameter next: writes its next piece.
  /// - Returns: the signal that ended it, if any.
  private func show(
    of prompt: String, _ next: (_ isCancelled: () -> Bool) throws -> Generation.Piece?
  ) throws -> Int32? {
    try Interruption.whileListening {
      var text = ""
      // What comes next, an error's sentence or a prompt of the shell, begins a line of its own.
      defer { if !asJSON, !text.isEmpty, text.last != "\n" { try? StandardOutput.print("") } }
      while let piece = try next({ Interruption.signalNumber != nil }) {
        text += piece.text
        if !asJSON { try StandardOutput.write(Array(piece.text.utf8)) }
        guard let outcome = piece.outcome else { continue }
        if asJSON { try printJSON(TextResult(prompt: prompt, text: text, outcome)) }
      }
      return Interruption.signalNumber
    }
  }
}

extension PlannedOutput {
  /// What a model has read of a text.
  static func readText(_ path: String) -> PlannedOutput {
    PlannedOutput(path, kind: "a text that a model has read") { LanguageModel.isReadText(at: URL(path: $0)) }
  }
}
