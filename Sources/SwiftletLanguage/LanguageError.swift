/// Why a language model cannot go on with a text.
public enum LanguageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An option is out of its range; in words what it takes.
  case option(String, value: String, takes: String)
  /// A score is infinite or not a number.
  case notFinite(token: Int)
  /// Biases and scores leave no token that may come next.
  case noCandidate

  public var description: String {
    switch self {
    case .option(let name, let value, let takes): "\(name) is \(value): it takes \(takes)"
    case .notFinite(let token):
      "the model gives token \(token) a score that is infinite or not a number: its weights are damaged, or overflow"
    case .noCandidate: "no token may come next: the biases rule all of them out"
    }
  }
}
