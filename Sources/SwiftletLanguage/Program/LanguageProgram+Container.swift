import SwiftletRuntime
import SwiftletText

extension LanguageProgram {
  /// The language program among a container's.
  init(in container: ModelContainer) throws(LanguageError) {
    guard let json = container.program(Self.kind)?.json else {
      let kinds = container.programs.map(\.kind).joined(separator: ", ")
      throw .file(.notAModel(path: container.path, reason: "it holds no language model, but \(kinds)"))
    }
    try self.init(json: json)
  }

  /// The tokenizer that goes with it.
  func tokenizer(in container: ModelContainer) throws(LanguageError) -> Tokenizer {
    guard let stored = container.tokenizer else {
      throw .tokenizer(path: container.path, reason: "the file holds none")
    }
    let tokenizer = try StoredTokenizer.tokenizer(from: stored, path: container.path)
    guard tokenizer.vocabularySize <= vocabulary else {
      throw .tokenizer(
        path: container.path, reason: "it has \(tokenizer.vocabularySize) tokens, and the model knows \(vocabulary)")
    }
    return tokenizer
  }
}
