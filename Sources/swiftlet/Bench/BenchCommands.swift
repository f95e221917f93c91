import ArgumentParser
import SwiftletRunCommands

/// `swiftlet bench …`: what is fast here, measured side by side.
struct BenchCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure models and kernels side by side in one process.",
    subcommands: [
      BenchModelCommand.self, BenchTransformerCommand.self, BenchLanguageCommand.self, BenchMemoryCommand.self,
      GemmCommand.self,
      CalibrateCommand.self, TurnsCommand.self,
      WriteCommand.self,
    ],
    defaultSubcommand: BenchModelCommand.self)
}
