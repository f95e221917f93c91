import ArgumentParser
import SwiftletRunCommands

/// The command line: parses, calls the libraries, prints.
@main
struct Swiftlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet", abstract: "Train, compress and run small, fast neural networks.",
    version: "swiftlet \(Program.version)",
    subcommands: [
      DemoCommand.self, TrainCommand.self, SearchCommand.self, PlanCommand.self, CompressCommand.self,
      CompareCommand.self, ExportCommand.self, RunCommand.self, EvalCommand.self, ImportCommand.self,
      TokenizeCommand.self,
      BenchCommands.self, InfoCommand.self, ReportCommand.self, DoctorCommand.self,
    ])

  static func main() { Program.run(Self.self) }
}
