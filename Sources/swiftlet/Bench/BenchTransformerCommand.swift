import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletExport
import SwiftletModels
import SwiftletReport
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTensor

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
    case tiny = "deit-tiny"
    case small = "deit-small"
    case base = "deit-base"

    func configuration(imageSize: Int) -> ClassifierConfiguration {
      var configuration: DeiTConfiguration =
        switch self {
        case .tiny: .tiny
        case .small: .small
        case .base: .base
        }
      configuration.imageSize = imageSize
      return .deit(configuration)
    }
  }

  @Argument(help: "The network.") var network: Network
  @Option(help: "Pixels of a side of the images.") var image = 224
  @Option(help: "Patterns, separated by commas.") var patterns = ListOption(PatternName.usual)
  @Option(help: "Precisions, separated by commas.") var precisions = ListOption([Precision.fp32, .int8])
  @Option(help: "Numbers of threads, separated by commas.") var threads = ListOption([2])
  @Option(help: "Batch sizes, separated by commas.") var batch = ListOption([1, 8])
  @Option(help: "Timed runs of each variant.") var runs = 12
  @Flag(help: "Print one JSON object a line.") var json = false

  func validate() throws { try validateBench(runs: runs, threads: threads.values, batches: batch.values) }

  /// One exported variant.
  private struct Variant {
    let pattern: PatternName
    let precision: Precision
    let bytes: Int
    var name: String { "\(pattern) \(precision.rawValue)" }
  }

  /// One line of the result.
  struct Line: Codable {
    let model, pattern, precision, isa: String
    let image, batch, threads, bytes: Int
    let bestMilliseconds, medianMilliseconds: Double
    let speedUpOverDense: Double?
    let speedUpOverTorch: Double

    enum CodingKeys: String, CodingKey {
      case model, pattern, precision, isa, image, batch, threads, bytes
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

    var variants: [Variant] = []
    var contenders: [Contender] = []
    for precision in precisions.values {
      for pattern in patterns.values {
        let file = try export(dense, pattern.pattern, precision, to: folder)
        variants.append(Variant(pattern: pattern, precision: precision, bytes: file.byteCount))
        contenders.append(Contender(name: "\(pattern) \(precision.rawValue)", engine: .runtime(file)))
      }
    }
    contenders.append(Contender(name: "libtorch fp32", engine: .torch(dense)))

    var table = Table(columns: [
      .text("variant"), .number("batch"), .number("threads"), .number("best ms an image"), .number("median"),
      .number("speed-up"), .number("over libtorch"),
    ])
    for threads in threads.values {
      for batch in batch.values {
        let times = try contenders.measure(batch: batch, threads: threads, runs: runs)
        let torch = times[times.count - 1]
        for (variant, time) in zip(variants, times) {
          let base = zip(variants, times).first { $0.0.precision == variant.precision && $0.0.pattern.pattern.isDense }
          let speedUp = base.map { $0.1.bestMilliseconds / time.bestMilliseconds }
          let overTorch = torch.bestMilliseconds / time.bestMilliseconds
          if json {
            try printJSON(
              Line(
                model: network.rawValue, pattern: "\(variant.pattern)", precision: variant.precision.rawValue,
                isa: time.isa, image: image, batch: batch, threads: threads, bytes: variant.bytes,
                bestMilliseconds: time.bestMilliseconds, medianMilliseconds: time.medianMilliseconds,
                speedUpOverDense: speedUp, speedUpOverTorch: overTorch))
          }
          table.append(
            row(time, [speedUp.map { $0.text(decimals: 2) + "x" } ?? "", overTorch.text(decimals: 2) + "x"]))
        }
        if json { try printJSON(torch) }
        table.append(row(torch, ["", ""]))
      }
    }
    if !json { print(table.text) }
  }

  private func row(_ time: ContenderTiming, _ speedUps: [String]) -> [String] {
    [
      time.name, "\(time.batch)", "\(time.threads)", time.bestMilliseconds.text(decimals: 3),
      time.medianMilliseconds.text(decimals: 3),
    ] + speedUps
  }

  private func export(
    _ dense: any ImageClassifier, _ pattern: SparsityPattern, _ precision: Precision, to folder: URL
  ) throws -> ModelFile {
    let model = dense.copy()
    let plan = CompressionPlan.uniform(pattern, model: model)
    try model.prune(to: plan)
    let images = Tensor.uniform([2] + dense.inputShape, in: -1..<1, using: Generator(seed: 2))
    let exporter = Exporter(
      plan: plan, precision: .uniform(precision),
      calibration: precision == .int8 ? Calibration(batches: [images], rule: .minMax) : nil,
      quantizesEnds: precision == .int8)
    let file = folder.appending(path: "\(pattern.kept)of\(pattern.group)-\(precision.rawValue).swiftlet")
    try exporter.export(model, inputShape: model.inputShape).write(to: file)
    return try ModelFile(contentsOf: file)
  }
}
