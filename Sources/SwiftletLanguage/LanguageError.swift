import SwiftletRuntime
import SwiftletText

/// Why a language model cannot be read, cannot run, or cannot go on with a text: one sentence.
public enum LanguageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The program in the file is damaged, or contradicts itself or its weights.
  case program(reason: String)
  /// It was written for another version of the format.
  case version(Int)
  /// The model file cannot be read.
  case file(ModelFileError)
  /// The tokenizer in the file cannot be read, or is of another vocabulary.
  case tokenizer(path: String, reason: String)
  /// The kernels cannot run.
  case session(SessionError)
  case noTokens
  /// A token that the model does not know.
  case token(Int, vocabulary: Int)
  /// More tokens than the model can look back on.
  case contextLength(asked: Int, most: Int)
  /// The text was begun by another model.
  case foreignSequence
  /// A file of what was remembered of a text cannot be read or written, or is of another model.
  case memoryFile(path: String, reason: String)
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
    case .program(let reason): "the language program is invalid: \(reason); export the model again"
    case .version(let found):
      "the language program has version \(found), this program reads \(LanguageProgram.version): export the model again "
        + "or update"
    case .file(let error): "\(error)"
    case .tokenizer(let path, let reason): "the tokenizer in \(path) cannot be used: \(reason)"
    case .session(let error): "\(error)"
    case .noTokens: "there are no tokens to read: give a text of at least one"
    case .token(let token, let vocabulary): "there is no token \(token): they go from 0 to \(vocabulary - 1)"
    case .contextLength(let asked, let most):
      "a text of \(asked) tokens is longer than the \(most) that the model can look back on"
    case .foreignSequence: "the text was begun by another model"
    case .memoryFile(let path, let reason): "\(path) holds no text that this model has read: \(reason)"
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
