import ArgumentParser
import SwiftletTerminal
import SwiftletWorkflows

/// Checks what the toolkit needs and says what to do about what is missing.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check this machine: processor, libtorch, FFmpeg, disk.")

  @Flag(help: "Print the checks as JSON.")
  var json = false

  func run() throws {
    let checks = MachineCheck.all
    if json {
      try printJSON(checks, pretty: true)
    } else {
      for check in checks { try StandardOutput.print(check) }
    }
    if checks.contains(where: { $0.verdict == .missing }) { throw ExitCode(ExitStatus.unavailable) }
  }
}
