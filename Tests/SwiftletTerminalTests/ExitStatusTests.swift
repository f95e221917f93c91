import SwiftletTerminal
import Testing

@Suite struct ExitStatusTests {
  private struct Missing: ExitStatusError { let exitStatus = ExitStatus.noInput }
  private struct Other: Error {}

  @Test func `an error says its status, and others are failures`() {
    #expect(ExitStatus.code(for: Missing()) == 66)
    #expect(ExitStatus.code(for: Other()) == 1)
  }
}
