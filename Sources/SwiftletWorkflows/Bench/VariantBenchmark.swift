import Foundation
import SwiftletBenchmarkKit
import SwiftletCompression
import SwiftletExport
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

/// A network with random weights, exported in every pattern and precision, and the dense one in libtorch: all take turns in
/// one process.
///
/// ```swift
/// let benchmark = try VariantBenchmark(of: .deit(.small), patterns: [.dense, SparsityPattern(keeping: 2, of: 4)])
/// for line in try benchmark.measure(batch: 1, threads: 2).lines { print(line.name, line.bestMilliseconds) }
/// ```
/// int8 means all layers, the first and the last too.
public struct VariantBenchmark {
  /// What became of a network's layers in one variant.
  private struct Variant {
    let pattern: String
    let precision: Precision
    let isDense: Bool
    let bytes: Int
    /// Of the compressed layers' weights: values and indices.
    let weightBytes: Int
  }

  /// The times of one variant, of one image.
  public struct Line: Hashable, Sendable {
    /// `dense`, a pattern such as `2:4`, or a plan's name.
    public let pattern: String
    public let precision: Precision
    /// Of the file.
    public let bytes: Int
    /// Of the compressed layers' weights: values and indices.
    public let weightBytes: Int
    public let instructionSet: String
    public let bestMilliseconds, medianMilliseconds: Double
    /// The best time of the dense variant of the same precision over this one's; nil where none is measured.
    public let speedUpOverDense: Double?
    /// The best time of libtorch's dense fp32 forward pass over this one's.
    public let speedUpOverTorch: Double

    public var name: String { "\(pattern) \(precision.rawValue)" }
  }

  /// All variants at one batch size and number of threads.
  public struct Round: Sendable {
    public let lines: [Line]
    public let torch: ContenderTiming
  }

  private let variants: [Variant]
  private let contenders: [Contender]

  /// Exports every variant to a temporary file and opens it.
  ///
  /// - Parameters:
  ///   - plans: measured beside the patterns, by name; their precisions are not used.
  /// - Throws: ``BenchError`` where libtorch is not there, `ConfigurationError`, `ExportError` or `CompressionPlanError`
  ///   where a variant does not fit the network.
  public init(
    of configuration: ClassifierConfiguration, patterns: [SparsityPattern],
    plans: [(name: String, plan: CompressionPlan)] = [], precisions: [Precision] = [.fp32, .int8]
  ) throws {
    let dense = try configuration.randomNetwork()
    let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let choices = patterns.map { ($0.displayName, CompressionPlan.uniform($0, model: dense)) } + plans
    var (variants, contenders) = ([Variant](), [Contender]())
    for precision in precisions {
      for (name, plan) in choices {
        let exported = try Self.exported(dense, plan, precision)
        let place = folder.appending(path: "\(UUID().uuidString).swiftlet")
        try exported.write(to: place)
        let file = try ModelFile(contentsOf: place)
        let planned = exported.layers.filter { plan[$0.path] != nil }
        variants.append(
          Variant(
            pattern: name, precision: precision, isDense: plan.choices.values.allSatisfy(\.sparsity.isDense),
            bytes: file.byteCount, weightBytes: planned.reduce(0) { $0 + $1.weightByteCount }))
        contenders.append(Contender(name: "\(name) \(precision.rawValue)", file))
      }
    }
    self.variants = variants
    self.contenders = contenders + [Contender(name: "libtorch fp32", torch: dense)]
  }

  /// Times all variants in turn.
  ///
  /// - Parameter runs: timed runs of each; the best and the median count.
  public func measure(batch: Int, threads: Int, runs: Int = 12) throws -> Round {
    let times = try contenders.measure(batch: batch, threads: threads, runs: runs)
    let torch = times[times.count - 1]
    let lines = zip(variants, times).map { variant, time in
      let base = zip(variants, times).first { $0.0.precision == variant.precision && $0.0.isDense }
      return Line(
        pattern: variant.pattern, precision: variant.precision, bytes: variant.bytes, weightBytes: variant.weightBytes,
        instructionSet: time.isa, bestMilliseconds: time.bestMilliseconds,
        medianMilliseconds: time.medianMilliseconds,
        speedUpOverDense: base.map { $0.1.bestMilliseconds / time.bestMilliseconds },
        speedUpOverTorch: torch.bestMilliseconds / time.bestMilliseconds)
    }
    return Round(lines: lines, torch: torch)
  }

  /// A network as a model file, pruned by a plan; int8 is calibrated on noise.
  static func exported(
    _ dense: any ImageClassifier, _ plan: CompressionPlan, _ precision: Precision
  ) throws -> ExportedModel {
    let model = dense.copy()
    try model.prune(to: plan)
    let images = Tensor.uniform([2] + dense.inputShape, in: -1..<1, using: Generator(seed: 2))
    let exporter = Exporter(
      plan: plan, precision: .uniform(precision),
      calibration: precision == .int8 ? Calibration(batches: [images], rule: .minMax) : nil,
      quantizesEnds: precision == .int8)
    return try exporter.export(model, inputShape: model.inputShape)
  }
}
