import ArgumentParser
import SwiftletRunCommands

/// The deploy-only command line: runs and times a model file, without libtorch.
@main
struct SwiftletRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet-run", abstract: "Run a Swiftlet model file.", version: "swiftlet-run \(Program.version)",
    subcommands: [RunCommand.self, PerplexityCommand.self, BenchCommand.self, InfoCommand.self])

  static func main() { Program.run(Self.self) }
}
