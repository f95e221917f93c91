/// What a command tells the shell; `Program` says what the numbers mean.
package enum ExitStatus {
  package static let failed: Int32 = 1
  package static let usage: Int32 = 64
  package static let noInput: Int32 = 66
  package static let unavailable: Int32 = 69
  package static let readerGone: Int32 = 141

  /// An error's own status, or that of a failure.
  package static func code(for error: any Error) -> Int32 { (error as? any ExitStatusError)?.exitStatus ?? failed }
}

/// An error that a shell can tell from other failures.
package protocol ExitStatusError: Error {
  var exitStatus: Int32 { get }
}
