import SwiftletRuntime
import Testing

/// Runs each test of a suite once under every instruction set that this processor has, so that a wide processor hides no
/// fault of a narrow one. What fails says under which.
public struct EveryInstructionSet: SuiteTrait, TestTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }
    for level in InstructionSet.available {
      try await InstructionSet.$limit.withValue(level) { try await function() }
    }
  }
}

extension Trait where Self == EveryInstructionSet {
  public static var everyInstructionSet: EveryInstructionSet { EveryInstructionSet() }
}

extension Trait where Self == IssueHandlingTrait {
  /// Adds the instruction set to what failed.
  public static var namingInstructionSet: IssueHandlingTrait {
    .compactMapIssues { issue in
      var issue = issue
      let name: Comment = "under \(InstructionSet.best.rawValue)"
      if !issue.comments.contains(name) { issue.comments.append(name) }  // suites and their tests both come here
      return issue
    }
  }
}
