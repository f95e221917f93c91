import ArgumentParser
import Foundation
import SwiftletBenchmarkKit
import SwiftletCompression
import SwiftletExport
import SwiftletModels
import SwiftletPlans
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTensor
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

  /// What becomes of the layers in one variant.
  private struct Choice {
    let name: String
    let plan: CompressionPlan
    var isDense: Bool { plan.choices.values.allSatisfy(\.sparsity.isDense) }
  }

  /// One exported variant.
  private struct Variant {
    let choice: Choice
    let precision: Precision
    let file: ModelFile
    /// Bytes of the compressed layers' weights: values and indices.
    let weightBytes: Int
    var name: String { "\(choice.name) \(precision.rawValue)" }
  }

  /// One line of the result.
  struct Line: Codable {
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
    let dense = try network.configuration(imageSize: image).randomNetwork()
    let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }

    var choices = patterns.values.map {
      Choice(name: "\($0)", plan: .uniform($0.pattern, model: dense))
    }
    if let plan {
      let file = URL(filePath: plan)
      choices.append(
        Choice(name: file.deletingPathExtension().lastPathComponent, plan: try CompressionPlan(contentsOf: file)))
    }
    let variants = try precisions.values.flatMap { precision in
      try choices.map { try export(dense, $0, precision, to: folder) }
    }
    let contenders =
      variants.map { Contender(name: $0.name, $0.file) }
      + [Contender(name: "libtorch fp32", torch: dense)]

    var table = Table(columns: [
      .text("variant"), .number("weights"), .number("batch"), .number("threads"), .number("best ms an image"),
      .number("median"), .number("speed-up"), .number("over libtorch"),
    ])
    for threads in threads.values {
      for batch in batch.values {
        let times = try contenders.measure(batch: batch, threads: threads, runs: runs)
        let torch = times[times.count - 1]
        for (variant, time) in zip(variants, times) {
          let base = zip(variants, times).first { $0.0.precision == variant.precision && $0.0.choice.isDense }
          let speedUp = base.map { $0.1.bestMilliseconds / time.bestMilliseconds }
          let overTorch = torch.bestMilliseconds / time.bestMilliseconds
          if json {
            try printJSON(
              Line(
                model: network.rawValue, pattern: variant.choice.name, precision: variant.precision.rawValue,
                isa: time.isa, image: image, batch: batch, threads: threads, bytes: variant.file.byteCount,
                weightBytes: variant.weightBytes, bestMilliseconds: time.bestMilliseconds,
                medianMilliseconds: time.medianMilliseconds, speedUpOverDense: speedUp, speedUpOverTorch: overTorch))
          }
          table.append(
            row(
              time, weights: (Double(variant.weightBytes) / 1e6).text(decimals: 1) + " MB",
              [speedUp.map { $0.text(decimals: 2) + "x" } ?? "", overTorch.text(decimals: 2) + "x"]))
        }
        if json { try printJSON(torch) }
        table.append(row(torch, weights: "", ["", ""]))
      }
    }
    if !json { try StandardOutput.print(table.text) }
  }

  private func row(_ time: ContenderTiming, weights: String, _ speedUps: [String]) -> [String] {
    [
      time.name, weights, "\(time.batch)", "\(time.threads)", time.bestMilliseconds.text(decimals: 3),
      time.medianMilliseconds.text(decimals: 3),
    ] + speedUps
  }

  private func export(
    _ dense: any ImageClassifier, _ choice: Choice, _ precision: Precision, to folder: URL
  ) throws -> Variant {
    let model = dense.copy()
    try model.prune(to: choice.plan)
    let images = Tensor.uniform([2] + dense.inputShape, in: -1..<1, using: Generator(seed: 2))
    let exporter = Exporter(
      plan: choice.plan, precision: .uniform(precision),
      calibration: precision == .int8 ? Calibration(batches: [images], rule: .minMax) : nil,
      quantizesEnds: precision == .int8)
    let exported = try exporter.export(model, inputShape: model.inputShape)
    let file = folder.appending(path: "\(UUID().uuidString).swiftlet")
    try exported.write(to: file)
    let planned = exported.layers.filter { choice.plan[$0.path] != nil }
    return Variant(
      choice: choice, precision: precision, file: try ModelFile(contentsOf: file),
      weightBytes: planned.reduce(0) { $0 + $1.weightByteCount })
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
