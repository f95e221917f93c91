/// Why a language model cannot be judged by a text, or trained on it.
public enum LanguageTextError: Error, Hashable, Sendable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// There is nothing to foretell.
  case noText
  case tooShort(tokens: Int, window: Int)
  /// The window is longer than what the network is for.
  case beyondContext(window: Int, context: Int)
  case windowTooShort(Int)
  /// The tokenizer knows more tokens than the network.
  case unknownToken(Int, vocabulary: Int)
  case otherVocabulary(Int, Int)
  /// The scores of a stretch are infinite or not numbers.
  case notFinite(stretch: Int)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path) \(reason)"
    case .noText: "the text has no token to foretell: it is empty, or each document is a single token"
    case .tooShort(let tokens, let window):
      "the text has \(tokens) tokens, a window takes \(window): give a longer text or a shorter window"
    case .beyondContext(let window, let context):
      "a window of \(window) tokens is longer than the \(context) that the network is for: give a shorter window"
    case .windowTooShort(let window):
      "a window of \(window) token foretells nothing: give a window of 2 or more, to a network that is for as many"
    case .unknownToken(let token, let vocabulary):
      "the text holds the token \(token), the network knows \(vocabulary): the tokenizer is of another network"
    case .otherVocabulary(let own, let other):
      "the networks know \(own) and \(other) tokens, so that their scores cannot be compared"
    case .notFinite(let stretch):
      "the network gives scores that are infinite or not numbers for stretch \(stretch) of the text, counted from 0"
    }
  }
}
