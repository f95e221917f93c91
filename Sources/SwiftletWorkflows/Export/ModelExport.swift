import Foundation
import SwiftletExport
import SwiftletFiles
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining

/// From a trained network to one model file for the runtime: packed and quantised by a plan, compared with libtorch,
/// written with its recipe and classes.
///
/// ```swift
/// var export = ModelExport(of: try TrainedModel(reading: URL(filePath: "run")))
/// export.precision = .uniform(.int8)
/// print(try export.write(to: URL(filePath: "deit.swiftlet"), calibratingOn: export.openData(at: photos)))
/// ```
public struct ModelExport {
  public let source: TrainedModel
  /// What becomes of each layer; without one, layers whose zeros follow an N:M pattern are packed by it.
  public var plan: CompressionPlan?
  public var precision = ExportPrecision.uniform(.fp32)
  /// How int8 and 4-bit layers get integers to multiply.
  public var activations = ExportActivations.calibrated
  /// Images that int8 ranges are learnt from.
  public var calibrationImages = 256
  /// How int8 ranges follow from what is seen; nil takes for each kind of value the rule that moves the scores least.
  public var range: RangeRule?
  /// Whether the first and the last layer become int8 too.
  public var quantizesEnds = false
  /// Whether attention multiplies 8 bits where its layers are int8.
  public var quantizesAttention = true
  /// Text to keep in the file, by topic, beside the recipe and the checkpoint's checksum.
  public var notes: [String: String] = [:]

  public init(of source: TrainedModel, plan: CompressionPlan? = nil) {
    (self.source, self.plan) = (source, plan)
  }

  /// Whether a layer becomes int8, for which images are needed.
  public var needsCalibration: Bool {
    guard activations == .calibrated else { return false }
    return switch precision {
    case .int4: false
    case .uniform(let precision): precision == .int8
    case .planned: plan?.choices.values.contains { $0.precision == .int8 } == true
    }
  }

  /// The data of the network's recipe, to calibrate on; of what classes they are does not matter.
  public func openData(at place: URL?) throws -> TrainingData {
    try source.recipe.data.open(at: place, imageSize: source.recipe.model.imageSize)
  }

  /// Writes the model file, and nothing where its scores are not libtorch's.
  ///
  /// - Parameter data: needed for int8, see ``needsCalibration``: its search split is looked at, or its training images if
  ///   there is none, never test images.
  /// - Throws: `ExportError`, ``ExportCheckError`` where a score is no finite number or an fp32 model differs by more than
  ///   rounding, `ModelFileError`, or `UnreadablePictures`.
  public func write(to file: URL, calibratingOn data: TrainingData? = nil) throws -> ExportResult {
    let calibration = try needsCalibration ? data.map(observed) : nil
    let exporter = Exporter(
      plan: plan, precision: precision, activations: activations, calibration: calibration,
      quantizesEnds: quantizesEnds,
      quantizesAttention: quantizesAttention, metadata: try metadata())
    let exported = try exporter.export(
      source.model, inputShape: source.model.inputShape, name: file.deletingPathExtension().lastPathComponent)
    let difference = try differenceFromTorch(exported)
    try exported.write(to: file)
    return ExportResult(
      exported, file: file.relativePath, bytes: try ModelFile(contentsOf: file).byteCount, difference: difference,
      remarks: try KernelSpeed.remarks(
        on: exported.layers.map { ($0.path, $0.choice) }, of: source.model.multiplyAdds))
  }

  private func observed(_ data: TrainingData) throws -> Calibration {
    let images = data.search.count > 0 ? data.search : data.training
    let batches = source.recipe.evaluationLoader(over: images.evenlySpaced(calibrationImages), batchSize: 32).epoch(0)
    var seen: [Tensor] = []
    while let batch = try batches.next() { seen.append(batch.images) }
    return Calibration(batches: seen, rule: range, threads: processorCount())
  }

  private func metadata() throws -> Graph.Metadata {
    let own = [
      ModelNotes.recipe: try source.recipe.yaml(),
      ModelNotes.checkpoint: try source.checksum(),
    ]
    return Graph.Metadata(
      classNames: source.classes, preprocessing: source.recipe.preprocessing,
      notes: own.merging(notes) { _, given in given })
  }

  /// The greatest difference of the scores from libtorch's on noise, relative to the greatest score.
  private func differenceFromTorch(_ exported: ExportedModel) throws -> Double {
    let images = Tensor.normal([2] + source.model.inputShape, using: Generator(seed: 7))
    let expected = withNoGradient { source.model(images) }.scalars(as: Float.self)
    let input = NDArray(images.scalars(as: Float.self), shape: images.shape)
    let found = try Session(exported.modelFile(), threads: 1).run([input])[0].floats
    return try ExportCheckError.relativeDifference(
      found, from: expected, isExact: exported.layers.allSatisfy { $0.precision == .fp32 && $0.int4Group == nil })
  }
}
