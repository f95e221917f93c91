import SwiftletLanguage
import SwiftletMedia
import SwiftletRuntime
import SwiftletTerminal

extension ModelFileError: ExitStatusError {
  package var exitStatus: Int32 {
    if case .missing = self { ExitStatus.noInput } else { ExitStatus.failed }
  }
}

extension LanguageError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .file(let error): error.exitStatus
    case .session(let error): error.exitStatus
    case .option: ExitStatus.usage
    default: ExitStatus.failed
    }
  }
}

extension LanguageTextError: ExitStatusError {
  package var exitStatus: Int32 {
    if case .unreadable = self { ExitStatus.noInput } else { ExitStatus.failed }
  }
}

extension MediaError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .missingLibrary: ExitStatus.unavailable
    case .file: ExitStatus.noInput
    default: ExitStatus.failed
    }
  }
}

extension SessionError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .instructionSet, .missingThread: ExitStatus.unavailable
    default: ExitStatus.failed
    }
  }
}
