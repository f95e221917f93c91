import SwiftletFiles

extension ModelFileError {
  /// What is wrong with the file at `path`, as a model file's error.
  init(_ error: FileError, at path: String) {
    self =
      switch error {
      case .unreadable where error.isMissing: .missing(path: path)
      case .unreadable(_, let code): .system(path: path, reason: Self.words(for: code))
      case .unwritable(_, let code): .system(path: path, reason: "it cannot be written: \(Self.words(for: code))")
      default: .notAModel(path: path, reason: "it \(error)")
      }
  }

  private static func words(for code: Int32) -> String { FileError.systemMessage(for: code).lowercased() }
}
