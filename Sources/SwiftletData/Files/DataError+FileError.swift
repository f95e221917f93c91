import Foundation
import SwiftletFiles

extension DataError {
  /// What is wrong with the file at `path`, as a data set's error.
  init(_ error: FileError, at path: String) {
    switch error {
    case .unreadable where error.isMissing: self.init(.missing, "\(path) \(error)")
    case .noZipDirectory: self.init(.unreadable, "\(path) is no zip archive, or is cut off")
    case .unsupported(let what), .unavailable(let what): self.init(.unreadable, "\(path): \(what)")
    default: self.init(.unreadable, "\(path) \(error)")
    }
  }
}

/// The value of `body`, whose error becomes one about the file at `path`.
func located<Result>(
  at path: String, _ body: @autoclosure () throws(FileError) -> Result
) throws(DataError) -> Result {
  do { return try body() } catch { throw DataError(error, at: path) }
}

extension MappedFile {
  /// Maps a file of a data set, which has at least one byte.
  static func data(at url: URL) throws(DataError) -> MappedFile {
    let file = try located(at: url.path, try MappedFile(path: url.path))
    guard !file.bytes.isEmpty else { throw DataError(.layout, "\(url.path) is empty") }
    return file
  }
}
