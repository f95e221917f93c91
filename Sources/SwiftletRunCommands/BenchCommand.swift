import ArgumentParser

/// `bench …` where there is no libtorch: models, and the kernels alone.
public struct BenchCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time models on random input, or the kernels of linear layers alone.",
    subcommands: [
      BenchModelsCommand.self, BenchLanguageCommand.self, BenchMemoryCommand.self, GemmCommand.self, TurnsCommand.self,
    ],
    defaultSubcommand: BenchModelsCommand.self)

  public init() {}
}
