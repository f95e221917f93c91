import ArgumentParser
import Foundation
import SwiftletFiles
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet bench write deit-small --out FOLDER`: model files with random weights, for benchmarks of other programs.
struct WriteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write a network with random weights as model files, pruned and quantised.",
    discussion: """
      One file for every precision and pattern, such as deit-small-int8-2of4.swiftlet, whose path is printed; int8 means \
      all layers, the first and the last too. `swiftlet bench turns` runs such a file when it is asked to.
      """)

  @Argument(help: "The network.") var network: BenchTransformerCommand.Network
  @Option(help: "Patterns, separated by commas.") var patterns = ListOption(PatternName.usual)
  @Option(help: "Precisions, separated by commas.") var precisions = ListOption([Precision.fp32, .int8])
  @Option(help: "The folder to write into.", completion: .directory) var out: String

  func run() throws {
    let folder = URL(filePath: out)
    let outputs = precisions.values.flatMap { precision in
      patterns.values.map { pattern in
        let name = VariantBenchmark.fileName(network.rawValue, precision, pattern.pattern)
        return PlannedOutput.modelFile(folder.appending(path: name).path)
      }
    }
    try prepareOutputs(outputs, reading: [])
    let files = try VariantBenchmark.write(
      network.configuration(imageSize: 224), named: network.rawValue, patterns: patterns.values.map(\.pattern),
      precisions: precisions.values, to: folder)
    for file in files { try StandardOutput.print(file.path) }
  }
}
