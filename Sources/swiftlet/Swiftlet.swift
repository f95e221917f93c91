import ArgumentParser
import Foundation
import SwiftletRunCommands

/// The command line: parses, calls the libraries, prints.
@main
struct Swiftlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet", abstract: "Train, compress and run small, fast neural networks.",
    subcommands: [
      DemoCommand.self, TrainCommand.self, SearchCommand.self, PlanCommand.self, CompressCommand.self,
      ExportCommand.self, RunCommand.self, EvalCommand.self,
      BenchCommand.self, InfoCommand.self, ReportCommand.self, DoctorCommand.self,
    ])

  /// Runs the command; an error becomes one sentence on standard error and an exit code.
  static func main() {
    do {
      var command = try parseAsRoot(LongArguments.joined(Array(CommandLine.arguments.dropFirst())))
      do {
        try command.run()
      } catch  where exitCode(for: error) == .failure && !(error is ExitCode) {
        // The parser knows its own errors and ends them with another status: help with 0, wrong usage with 64.
        printToStandardError("error: \(error)")
        throw ExitCode(ExitStatus.code(forTraining: error))
      }
    } catch {
      exit(withError: error)
    }
  }
}
