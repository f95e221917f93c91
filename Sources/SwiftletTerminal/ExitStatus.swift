import ArgumentParser
import SwiftletMedia
import SwiftletRuntime

/// What a command tells the shell; `Program` says what the numbers mean.
package enum ExitStatus {
  package static let failed: Int32 = 1
  package static let usage: Int32 = 64
  package static let noInput: Int32 = 66
  package static let unavailable: Int32 = 69
  package static let readerGone: Int32 = 141

  package static func code(for error: any Error) -> Int32 {
    switch error {
    case ModelFileError.missing: noInput
    case MediaError.missingLibrary: unavailable
    case MediaError.file: noInput
    case SessionError.instructionSet, SessionError.missingThread: unavailable
    case is InputError: noInput
    default: failed
    }
  }
}

/// An input that is not there.
struct InputError: Error, CustomStringConvertible {
  let description: String
}

/// Runs a command's work; an error becomes one sentence on standard error and an exit code.
func reportingErrors(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let code as ExitCode {
    throw code
  } catch let error as StandardOutputError {
    throw error
  } catch {
    printToStandardError("error: \(error)")
    throw ExitCode(ExitStatus.code(for: error))
  }
}
