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
      all layers of a transformer, the first and the last too. driving is a network of convolutions for 384 x 640 pixels. \
      `swiftlet bench turns` runs such a file when it is asked to.
      """)

  enum Network: ExpressibleByArgument {
    case transformer(BenchTransformerCommand.Network)
    case driving

    init?(argument: String) {
      guard argument != "driving" else {
        self = .driving
        return
      }
      guard let network = BenchTransformerCommand.Network(rawValue: argument) else { return nil }
      self = .transformer(network)
    }

    static var allValueStrings: [String] { BenchTransformerCommand.Network.allValueStrings + ["driving"] }

    var name: String {
      switch self {
      case .transformer(let network): network.rawValue
      case .driving: "driving"
      }
    }
  }

  @Argument(help: "The network.") var network: Network
  @Option(help: "Patterns, separated by commas.") var patterns = ListOption(PatternName.usual)
  @Option(help: "Precisions, separated by commas.") var precisions = ListOption([Precision.fp32, .int8])
  @Option(help: "The folder to write into.", completion: .directory) var out: String

  func run() throws {
    let folder = URL(filePath: out)
    let outputs = precisions.values.flatMap { precision in
      patterns.values.map { pattern in
        let name = VariantBenchmark.fileName(network.name, precision, pattern.pattern)
        return PlannedOutput.modelFile(folder.appending(path: name).path)
      }
    }
    try prepareOutputs(outputs, reading: [])
    let (kept, formats) = (patterns.values.map(\.pattern), precisions.values)
    let files =
      switch network {
      case .transformer(let kind):
        try VariantBenchmark.write(
          kind.configuration(imageSize: 224), named: kind.rawValue, patterns: kept, precisions: formats,
          to: folder)
      case .driving: try VariantBenchmark.writeDriving(patterns: kept, precisions: formats, to: folder)
      }
    for file in files { try StandardOutput.print(file.path) }
  }
}
