import ArgumentParser

/// The command line: parses, calls the libraries, prints.
@main
struct Swiftlet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet", abstract: "Train, compress and run small, fast neural networks.",
    subcommands: [
      TrainCommand.self, CompressCommand.self, ExportCommand.self, EvalCommand.self, BenchCommand.self,
      DoctorCommand.self,
    ])
}
