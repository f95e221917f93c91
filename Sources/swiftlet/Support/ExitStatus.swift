import Foundation
import SwiftletCheckpoint
import SwiftletCompression
import SwiftletData
import SwiftletRunCommands
import SwiftletTensor
import SwiftletTraining

extension ExitStatus {
  /// The statuses of `swiftlet-run`, and those of what only `swiftlet` does; 64, wrong usage, is the parser's.
  static func code(forTraining error: any Error) -> Int32 {
    switch error {
    case let error as DataError where error.kind == .missing: noInput
    case let error as CheckpointError where error.cause == .unreadable: noInput
    case let error as RecipeError
    where !FileManager.default.fileExists(atPath: error.source) && error.line == nil && error.key.isEmpty: noInput
    case CompressionPlanError.unreadable, AcceleratorError.unreadable, AcceleratorError.unknown: noInput
    case is DeviceError: unavailable
    default: code(for: error)
    }
  }
}
