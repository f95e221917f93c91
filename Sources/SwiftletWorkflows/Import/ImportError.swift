import SwiftletFiles
import SwiftletText

/// Why a model cannot be brought in: the file or folder, what is wrong, and what to do where that helps.
public struct ImportError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Cause: Hashable, Sendable {
    /// An option is missing, or one that this model has no use for is given.
    case usage
    /// What should be read is not there.
    case missing
    /// The place for the results is taken or cannot be written.
    case output
    /// The model is sound, but not one that Swiftlet has.
    case unsupported
    /// The model contradicts itself, or holds what no weight can be.
    case damaged
  }

  public let cause: Cause
  public let message: String
  public let path: String

  public init(_ cause: Cause, _ message: String, path: String) {
    (self.cause, self.message, self.path) = (cause, message, path)
  }

  public var description: String { "\(path): \(message)" }
}

extension ImportError {
  /// What is wrong with any file that is read.
  init(_ error: FileError, path: String) {
    let cause: Cause =
      switch error {
      case .unsupported, .unavailable: .unsupported
      case .damaged, .truncated, .noZipDirectory: .damaged
      case .unreadable, .unreadableFolder, .notRegular: .missing
      case .unwritable: .output
      }
    self.init(cause, "\(error)", path: path)
  }

  /// What is wrong with a tokenizer.
  init(_ error: TokenizerError, path: String) {
    let cause: Cause =
      switch error.kind {
      case .missing: .missing
      case .damaged: .damaged
      case .unsupported: .unsupported
      }
    self.init(cause, "\(error)", path: path)
  }
}
