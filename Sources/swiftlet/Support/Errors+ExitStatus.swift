import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

// What a shell learns of an error: 64 where it may lie in the command line alone, 66 where an input is not there, 69 where
// the machine lacks something. Wrong usage itself is the parser's.

extension RecipeError: ExitStatusError {
  package var exitStatus: Int32 {
    if isOverride { return ExitStatus.usage }
    let isMissing = !FileManager.default.fileExists(atPath: source) && line == nil && key.isEmpty
    return isMissing ? ExitStatus.noInput : ExitStatus.failed
  }
}

extension RunError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .missingDense, .noSupernet, .startOfSupernet: ExitStatus.usage
    case .unreadableText: ExitStatus.noInput
    default: ExitStatus.failed
    }
  }
}

extension CompressorError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .scoreNeedsData, .noClasses: ExitStatus.usage
    default: ExitStatus.failed
    }
  }
}

extension EvalError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .noData: ExitStatus.usage
    default: ExitStatus.failed
    }
  }
}

extension ImportError: ExitStatusError {
  package var exitStatus: Int32 {
    switch cause {
    case .usage: ExitStatus.usage
    case .missing: ExitStatus.noInput
    default: ExitStatus.failed
    }
  }
}

extension TokenizationError: ExitStatusError {
  package var exitStatus: Int32 {
    if case .unreadable = self { ExitStatus.noInput } else { ExitStatus.failed }
  }
}

extension BudgetUnitError: ExitStatusError {
  package var exitStatus: Int32 { ExitStatus.usage }
}

extension DataError: ExitStatusError {
  package var exitStatus: Int32 { kind == .missing ? ExitStatus.noInput : ExitStatus.failed }
}

extension CheckpointError: ExitStatusError {
  package var exitStatus: Int32 { cause == .unreadable ? ExitStatus.noInput : ExitStatus.failed }
}

extension CompressionPlanError: ExitStatusError {
  package var exitStatus: Int32 {
    if case .unreadable = self { ExitStatus.noInput } else { ExitStatus.failed }
  }
}

extension AcceleratorError: ExitStatusError {
  package var exitStatus: Int32 {
    switch self {
    case .unreadable, .unknown: ExitStatus.noInput
    default: ExitStatus.failed
    }
  }
}

extension DeviceError: ExitStatusError {
  package var exitStatus: Int32 { ExitStatus.unavailable }
}
