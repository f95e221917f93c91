import SwiftletFiles

extension CheckpointError {
  /// What is wrong with any file, as a checkpoint's error.
  init(_ error: FileError, path: String = "") {
    let cause: Cause =
      switch error {
      case .unreadable, .unreadableFolder, .notRegular: .unreadable
      case .unwritable: .unwritable
      case .noZipDirectory, .truncated: .truncated
      case .damaged: .damaged
      case .unsupported, .unavailable: .unsupported
      }
    self.init(cause, error.description, path: path)
  }
}

/// The value of `body`, whose error becomes a checkpoint's.
func translated<Result>(_ body: @autoclosure () throws(FileError) -> Result) throws(CheckpointError) -> Result {
  do { return try body() } catch { throw CheckpointError(error) }
}
