import ArgumentParser
import SwiftletFiles
import SwiftletRuntime

extension InstructionSet: ExpressibleByArgument {}

/// What every command that runs a model takes.
struct SpeedOptions: ParsableArguments {
  @Option(help: "Threads that take part in each run. (default: one for each processor)")
  var threads: Int?

  @Option(name: .customLong("isa"), help: "The highest instruction set to use. (default: the processor's)")
  var instructionSet: InstructionSet?
}

extension URL {
  /// A path as a shell gives it.
  init(path: String) { self.init(filePath: path, directoryHint: .notDirectory) }
}
