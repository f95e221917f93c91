import SwiftletText

/// Why a language model cannot go on with a text.
public enum LanguageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An option is out of its range; in words what it takes.
  case option(String, value: String, takes: String)
  /// There is nothing to go on from: the prompt is empty, and the model has no token that begins a text.
  case emptyPrompt
  case promptTooLong(tokens: Int, context: Int)
  /// The prompt leaves less room than is asked for.
  case noRoom(prompt: Int, asked: Int, context: Int)
  /// A score is infinite or not a number.
  case notFinite(token: Int)
  /// Biases and scores leave no token that may come next.
  case noCandidate
  /// Two tasks ask one text for its next piece at once.
  case busy
  /// The chat template is missing, is not carried out, or refuses what was said.
  case conversation(TokenizerError)

  public var description: String {
    switch self {
    case .option(let name, let value, let takes): "\(name) is \(value): it takes \(takes)"
    case .emptyPrompt: "the prompt holds no token: give a text to go on from"
    case .promptTooLong(let tokens, let context):
      "the prompt has \(tokens) tokens, the model reads \(context): give a shorter one, or let the context slide"
    case .noRoom(let prompt, let asked, let context):
      "the prompt has \(prompt) tokens and \(asked) more are asked for, the model reads \(context): ask for at most "
        + "\(context - prompt + 1), or let the context slide"
    case .notFinite(let token):
      "the model gives token \(token) a score that is infinite or not a number: its weights are damaged, or overflow"
    case .noCandidate: "no token may come next: the biases rule all of them out"
    case .busy: "the text's next piece is being written already: wait for it before asking for another"
    case .conversation(let error): "the conversation cannot be put into the model's words: \(error)"
    }
  }
}
