import ArgumentParser
import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletMedia
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining

/// What a failure tells the shell: 1 failed, 66 no input, 69 something missing on this machine; 64, wrong usage, is the
/// parser's.
enum ExitStatus {
  static func code(for error: any Error) -> Int32 {
    switch error {
    case let error as DataError where error.kind == .missing: 66
    case let error as CheckpointError where error.cause == .unreadable: 66
    case let error as RecipeError
    where !FileManager.default.fileExists(atPath: error.source) && error.line == nil && error.key.isEmpty: 66
    case ModelFileError.missing, MediaError.file: 66
    case MediaError.missingLibrary, SessionError.instructionSet: 69
    case is DeviceError: 69
    default: 1
    }
  }
}
