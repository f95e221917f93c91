import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletPlans
import SwiftletRunCommands
import SwiftletSearch
import SwiftletTensor
import SwiftletTraining

/// An error that may lie in the command line alone: an option is missing, or says what it cannot.
private protocol UsageError: Error {
  var isUsageError: Bool { get }
}

extension RecipeError: UsageError {
  fileprivate var isUsageError: Bool { isOverride }
}

extension RunError: UsageError {
  fileprivate var isUsageError: Bool {
    switch self {
    case .missingDense, .noSupernet: true
    default: false
    }
  }
}

extension CompressorError: UsageError {
  fileprivate var isUsageError: Bool {
    switch self {
    case .scoreNeedsData, .noClasses: true
    default: false
    }
  }
}

extension EvalError: UsageError {
  fileprivate var isUsageError: Bool {
    if case .noData = self { true } else { false }
  }
}

extension BudgetUnitError: UsageError {
  fileprivate var isUsageError: Bool { true }
}

extension ExitStatus {
  /// The statuses of `swiftlet-run`, and those of what only `swiftlet` does; 64, wrong usage, is the parser's.
  static func code(forTraining error: any Error) -> Int32 {
    switch error {
    case let error as any UsageError where error.isUsageError: usage
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
