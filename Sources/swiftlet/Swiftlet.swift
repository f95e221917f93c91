import ArgumentParser
import SwiftletRunCommands

/// The command line: parses, calls the libraries, prints.
@main
struct Swiftlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet", abstract: "Train, compress and run small, fast neural networks.",
    subcommands: [
      DemoCommand.self, TrainCommand.self, CompressCommand.self, ExportCommand.self, RunCommand.self, EvalCommand.self,
      BenchCommand.self, InfoCommand.self, ReportCommand.self, DoctorCommand.self,
    ])
}
