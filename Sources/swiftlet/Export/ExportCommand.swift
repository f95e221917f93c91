import ArgumentParser
import Foundation
import SwiftletExport
import SwiftletPlans
import SwiftletReport
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet export --checkpoint C [--plan P] --precision fp32|bf16|int8 --out model.swiftlet`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a trained network as one model file for the runtime.",
    discussion: """
      Layers whose zeros follow an N:M pattern are packed by it; a plan says so explicitly and is checked. int8 needs \
      calibration images: they come from the recipe's search split, or from its training images if it holds none out, \
      never from the test images. The layer that reads the image and the one that computes the scores stay fp32 in int8 \
      models unless --quantize-ends is given. Before it is written, the model's scores are compared with libtorch's.
      """)

  enum Precisions: String, ExpressibleByArgument, CaseIterable {
    case fp32, bf16, int8, planned

    var choice: ExportPrecision {
      switch self {
      case .fp32: .uniform(.fp32)
      case .bf16: .uniform(.bf16)
      case .int8: .uniform(.int8)
      case .planned: .planned
      }
    }
  }

  @Option(
    help: """
      The trained network: model.safetensors of a run, or timm's or Hugging Face's weights, a file or a folder, with \
      --recipe or a config.json beside them.
      """)
  var checkpoint: String
  @OptionGroup var weights: WeightOptions
  @Option(help: "The classes' names, one a line in the order of the scores. Default: those that the checkpoint knows.")
  var classes: String?
  @Option(help: "The pattern and precision of each layer: a plan file.") var plan: String?
  @Option(help: "The weights' precision: fp32, bf16, int8, or planned for each layer's own in the plan.")
  var precision = Precisions.fp32
  @Option(help: "The recipe of weights that carry none.") var recipe: String?
  @Option(help: "Where the recipe's data lies, for int8.") var data: String?
  @Option(help: "Images that int8 ranges are learnt from.") var calibrationImages = 256
  @Option(
    help: """
      How int8 ranges follow from what is seen: measured, which takes for each kind of value the rule that moves the scores \
      least; least-squares, min-max, or a percentile such as 99.99.
      """)
  var range = RangeName(rule: nil)
  @Flag(help: "Take the first and the last layer to int8 too.") var quantizeEnds = false
  @Flag(help: "Keep attention in floats where its layers are int8: slower, a little more accurate.")
  var floatAttention = false
  @Option(
    name: .customLong("note"), parsing: .singleValue,
    help: ArgumentHelp("Text to keep in the file, as in accuracy=91.2; may be repeated.", valueName: "topic=text"))
  var notes: [String] = []
  @Option(help: "The model file to write.", completion: .file(extensions: ["swiftlet"])) var out: String
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard calibrationImages >= 1 else { throw ValidationError("--calibration-images is 1 or more") }
    guard precision != .planned || plan != nil else { throw ValidationError("--precision planned needs --plan") }
    guard notes.allSatisfy({ $0.contains("=") }) else { throw ValidationError("--note takes topic=text") }
  }

  func run() throws {
    try prepareOutputs([.modelFile(out)], reading: [checkpoint, plan, recipe, classes, data])
    let source = try weights.source(checkpoint, recipe: recipe, classes: classes)
    let plan = try plan.map { try CompressionPlan(contentsOf: URL(filePath: $0)) }
    let needsCalibration =
      precision == .int8 || (precision == .planned && plan?.choices.values.contains { $0.precision == .int8 } == true)
    let exporter = Exporter(
      plan: plan, precision: precision.choice,
      calibration: needsCalibration ? try calibration(of: source) : nil, quantizesEnds: quantizeEnds,
      quantizesAttention: !floatAttention,
      metadata: try metadata(of: source))
    let shape = source.model.inputShape
    let exported = try exporter.export(source.model, inputShape: shape, name: out.modelName)
    let difference = try check(exported, source, shape)
    try exported.write(to: URL(filePath: out))
    let warnings = [exported.int8Effect?.warning].compactMap(\.self)
    for warning in warnings { printToStandardError("warning: \(warning)") }
    let slow = try KernelSpeed.remarks(on: exported.layers.map { ($0.path, $0.choice) }, of: source.model.multiplyAdds)
    printNotes(slow)

    let result = ExportResult(
      exported, file: out, bytes: try ModelFile(contentsOf: URL(filePath: out)).byteCount, difference: difference,
      warnings: warnings + slow)
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }

  private func calibration(of source: TrainedSource) throws -> Calibration {
    let data = try source.recipe.data.open(
      at: data.map { URL(filePath: $0) }, imageSize: source.recipe.model.imageSize)
    data.printWarnings()
    let images = data.search.count > 0 ? data.search : data.training
    let batches = source.recipe.evaluationLoader(over: images.evenlySpaced(calibrationImages), batchSize: 32).epoch(0)
    var seen: [Tensor] = []
    while let batch = try batches.next() { seen.append(batch.images) }
    return Calibration(batches: seen, rule: range.rule, threads: processorCount())
  }

  private func metadata(of source: TrainedSource) throws -> Graph.Metadata {
    var texts = [
      ModelNotes.recipe: try source.recipe.yaml(),
      ModelNotes.checkpoint: try source.checksum(),
    ]
    for note in notes {
      let parts = note.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      texts[String(parts[0])] = String(parts[1])
    }
    return Graph.Metadata(classNames: source.classes, preprocessing: source.recipe.preprocessing, notes: texts)
  }

  /// The greatest difference of the scores from libtorch's on noise, relative to the greatest score.
  ///
  /// - Throws: `ExportCheckError` where a score is no finite number, or an fp32 model differs by more than rounding.
  private func check(_ exported: ExportedModel, _ source: TrainedSource, _ shape: [Int]) throws -> Double {
    let images = Tensor.normal([2] + shape, using: Generator(seed: 7))
    let expected = withNoGradient { source.model(images) }.scalars(as: Float.self)
    let input = NDArray(images.scalars(as: Float.self), shape: images.shape)
    let found = try Session(exported.modelFile(), threads: 1).run([input])[0].floats
    return try ExportCheckError.relativeDifference(
      found, from: expected, isExact: exported.layers.allSatisfy { $0.precision == .fp32 })
  }
}

/// What was written.
private struct ExportResult: Encodable, CustomStringConvertible {
  struct Layer: Encodable {
    let path, pattern, precision: String
    let shape: [Int]
    let bytes: Int
  }

  let file: String
  let bytes: Int
  /// On noise, relative to the greatest score.
  let differenceFromTorch: Double
  let layers: [Layer]
  let int8: Int8Report?
  let warnings: [String]

  init(_ exported: ExportedModel, file: String, bytes: Int, difference: Double, warnings: [String]) {
    (self.file, self.bytes, differenceFromTorch) = (file, bytes, difference)
    int8 = exported.int8Effect.map(Int8Report.init)
    self.warnings = warnings
    layers = exported.layers.map { layer in
      Layer(
        path: layer.path, pattern: layer.pattern.map { "\($0)" } ?? PatternName.denseName,
        precision: layer.precision.rawValue, shape: layer.shape, bytes: layer.byteCount)
    }
  }

  var description: String {
    var table = Table(columns: [
      .text("layer"), .text("pattern"), .text("precision"), .number("outputs"), .number("inputs"), .number("bytes"),
    ])
    for layer in layers {
      table.append([
        layer.path, layer.pattern, layer.precision, "\(layer.shape[0])", "\(layer.shape[1])", "\(layer.bytes)",
      ])
    }
    return table.text + "\n\n\(file): \(bytes) bytes; scores on noise differ from libtorch's by at most "
      + String(format: "%.2g", differenceFromTorch) + " of the greatest" + (int8.map { "\n\($0)" } ?? "")
  }
}

/// `measured`, `least-squares`, `min-max`, or a percentile in percent.
struct RangeName: ExpressibleByArgument {
  /// Nil is measured.
  let rule: RangeRule?

  init(rule: RangeRule?) { self.rule = rule }

  init?(argument: String) {
    rule = RangeRule(parsing: argument)
    if rule == nil, argument != "measured" { return nil }
  }

  var defaultValueDescription: String { rule.map { "\($0)" } ?? "measured" }
}

extension String {
  /// `deit` of `models/deit.swiftlet`.
  fileprivate var modelName: String { URL(filePath: self).deletingPathExtension().lastPathComponent }
}
