import ArgumentParser
import Foundation
import SwiftletModels
import SwiftletPlans
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet bench vit deit-small`: a vision transformer with random weights in every pattern and precision, and in
/// libtorch, all taking turns in one process.
struct BenchTransformerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vit", abstract: "Time a vision transformer with random weights, pruned and quantised.",
    discussion: """
      Every variant is exported to a temporary file and run from there; int8 means all layers, first and last too. The \
      speed-up is against the dense variant of the same precision; the last column is against libtorch's dense fp32 forward pass.
      """)

  enum Network: String, ExpressibleByArgument, CaseIterable {
    case deitTiny = "deit-tiny"
    case deitSmall = "deit-small"
    case deitBase = "deit-base"
    case swinTiny = "swin-tiny"
    case swinSmall = "swin-small"
    case swinBase = "swin-base"

    func configuration(imageSize: Int) -> ClassifierConfiguration {
      switch self {
      case .deitTiny: .deit(.tiny.with { $0.imageSize = ImageSize(imageSize) })
      case .deitSmall: .deit(.small.with { $0.imageSize = ImageSize(imageSize) })
      case .deitBase: .deit(.base.with { $0.imageSize = ImageSize(imageSize) })
      case .swinTiny: .swin(.tiny.with { $0.imageSize = ImageSize(imageSize) })
      case .swinSmall: .swin(.small.with { $0.imageSize = ImageSize(imageSize) })
      case .swinBase: .swin(.base.with { $0.imageSize = ImageSize(imageSize) })
      }
    }
  }

  @Argument(help: "The network.") var network: Network
  @Option(help: "Pixels of a side of the images.") var image = 224
  @Option(help: "Patterns, separated by commas.") var patterns = ListOption(PatternName.usual)
  @Option(help: "A plan file to measure beside the patterns; its precisions are not used.") var plan: String?
  @Option(help: "Precisions, separated by commas.") var precisions = ListOption([Precision.fp32, .int8])
  @Option(help: "Numbers of threads, separated by commas.") var threads = ListOption([2])
  @Option(help: "Batch sizes, separated by commas.") var batch = ListOption([1, 8])
  @Option(help: "Timed runs of each variant.") var runs = 12
  @Flag(help: "Print one JSON object a line.") var json = false

  func validate() throws { try validateBench(runs: runs, threads: threads.values, batches: batch.values) }

  /// One line of the result as JSON.
  private struct Line: Encodable {
    let model, pattern, precision, isa: String
    let image, batch, threads, bytes, weightBytes: Int
    let bestMilliseconds, medianMilliseconds: Double
    let speedUpOverDense: Double?
    let speedUpOverTorch: Double

    enum CodingKeys: String, CodingKey {
      case model, pattern, precision, isa, image, batch, threads, bytes
      case weightBytes = "weight_bytes"
      case bestMilliseconds = "best_ms"
      case medianMilliseconds = "median_ms"
      case speedUpOverDense = "speedup_over_dense"
      case speedUpOverTorch = "speedup_over_torch"
    }
  }

  func run() throws {
    let plans = try plan.map { path in
      let file = URL(filePath: path)
      return [(name: file.deletingPathExtension().lastPathComponent, plan: try CompressionPlan(contentsOf: file))]
    }
    let benchmark = try VariantBenchmark(
      of: network.configuration(imageSize: image), patterns: patterns.values.map(\.pattern), plans: plans ?? [],
      precisions: precisions.values)
    var table = Table(columns: [
      .text("variant"), .number("weights"), .number("batch"), .number("threads"), .number("best ms an image"),
      .number("median"), .number("speed-up"), .number("over libtorch"),
    ])
    for threads in threads.values {
      for batch in batch.values {
        let round = try benchmark.measure(batch: batch, threads: threads, runs: runs)
        func append(_ name: String, weights: String, _ best: Double, _ median: Double, _ speedUps: [String]) {
          table.append(
            [name, weights, "\(batch)", "\(threads)", best.text(decimals: 3), median.text(decimals: 3)] + speedUps)
        }
        for line in round.lines {
          if json {
            try printJSON(
              Line(
                model: network.rawValue, pattern: line.pattern, precision: line.precision.rawValue,
                isa: line.instructionSet, image: image, batch: batch, threads: threads, bytes: line.bytes,
                weightBytes: line.weightBytes, bestMilliseconds: line.bestMilliseconds,
                medianMilliseconds: line.medianMilliseconds, speedUpOverDense: line.speedUpOverDense,
                speedUpOverTorch: line.speedUpOverTorch))
          }
          append(
            line.name, weights: (Double(line.weightBytes) / 1e6).text(decimals: 1) + " MB", line.bestMilliseconds,
            line.medianMilliseconds,
            [
              line.speedUpOverDense.map { $0.text(decimals: 2) + "x" } ?? "",
              line.speedUpOverTorch.text(decimals: 2) + "x",
            ])
        }
        if json { try printJSON(round.torch) }
        append(
          round.torch.name, weights: "", round.torch.bestMilliseconds, round.torch.medianMilliseconds, ["", ""])
      }
    }
    if !json { try StandardOutput.print(table.text) }
  }
}

extension ImageClassifierConfiguration {
  /// This configuration with some settings changed.
  fileprivate func with(_ change: (inout Self) -> Void) -> Self {
    var configuration = self
    change(&configuration)
    return configuration
  }
}
