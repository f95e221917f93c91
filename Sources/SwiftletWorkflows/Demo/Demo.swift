import Foundation
import SwiftletBenchmarkKit
import SwiftletCompression
import SwiftletData
import SwiftletExport
import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import SwiftletVision

/// The whole way through on drawn images: train, prune, finetune, export, run.
///
/// ```swift
/// print(try Demo(in: URL(filePath: "out/demo")).run())
/// ```
/// Every figure of the result comes from the exported files, run by the runtime on images that nothing before has seen.
/// The folder keeps checkpoints, model files, `results.json` and `report.html`.
public struct Demo {
  public let directory: URL
  /// That train and run.
  public let threads: Int
  public let recipe: Recipe
  /// Called when a part of the way begins.
  public var announce: (String) -> Void = { _ in }
  /// Told what the training runs do.
  public var observer: ((TrainingEvent) -> Void)?

  static let patterns: [SparsityPattern] = [
    .init(keeping: 4, of: 4), .init(keeping: 2, of: 4), .init(keeping: 1, of: 4),
  ]
  static let precisions: [Precision] = [.fp32, .int8]

  /// As many as train well together.
  public static var usualThreads: Int { min(processorCount(), 8) }

  /// - Parameters:
  ///   - directory: where everything goes; what an earlier demo left there is replaced.
  ///   - overrides: changed values of the demo's recipe, as in `training.epochs=2`.
  /// - Throws: `RecipeError` if an override does not fit.
  public init(in directory: URL, threads: Int = Demo.usualThreads, overrides: [String] = []) throws {
    (self.directory, self.threads) = (directory, threads)
    recipe = try Recipe.parse(
      Self.recipe, source: "the demo's recipe", overrides: ["training.threads=\(threads)"] + overrides)
  }

  /// Goes the whole way, and writes what it led to.
  ///
  /// - Throws: `OutputError` before anything is written, if something else than an earlier demo's results would be
  ///   replaced; ``DemoError`` where somebody asked the process to stop.
  public func run() throws -> DemoOutcome {
    try Self.checkOutputs(in: directory)
    try makeFolder(directory)
    let lock = try RunLock(directory)
    defer { lock.release() }
    let clock = ContinuousClock()
    let start = clock.now
    let results: [DemoResult]
    do {
      results = try measured()
    } catch RunError.interrupted(let signal, _) {
      throw DemoError.interrupted(signal: signal)
    }
    let seconds = Double((clock.now - start).components.seconds)
    return try DemoOutcome(results, of: self, seconds: seconds)
  }

  private func measured() throws -> [DemoResult] {
    let data = try recipe.data.open(at: nil, imageSize: recipe.model.imageSize)
    let test = try recipe.data.openTest(at: nil, imageSize: recipe.model.imageSize)
    announce("Training the dense network on \(data.training.count) drawn images")
    let dense = try trainDense(on: data)
    var candidates: [Candidate] = []
    for pattern in Self.patterns {
      let model: any ImageClassifier
      if pattern.isDense {
        model = dense
      } else {
        announce("Pruning to \(pattern) and finetuning, with the dense network as teacher")
        model = try pruned(dense, to: pattern, on: data)
      }
      announce("Exporting \(pattern.displayName) in \(Self.precisions.map(\.rawValue).joined(separator: " and "))")
      candidates += try export(model, pattern: pattern, calibratingOn: data)
    }
    announce("Running the exported files on \(test.count) test images")
    return try measure(candidates, on: test)
  }

  /// One exported file.
  private struct Candidate {
    let pattern: SparsityPattern
    let precision: Precision
    let multiplyAdds: Int
    let file: URL
  }

  private func trainDense(on data: TrainingData) throws -> any ImageClassifier {
    let run = try TrainingRun(
      recipe: recipe, model: recipe.model.make(seed: recipe.training.seed), data: data,
      output: fresh(SparsityPattern.dense.folderName))
    try run.start(observer: observer)
    return try TrainedModel(reading: run.directory.model).model
  }

  private func pruned(
    _ dense: any ImageClassifier, to pattern: SparsityPattern, on data: TrainingData
  ) throws -> any ImageClassifier {
    let model = dense.copy()
    try model.prune(to: .uniform(pattern, model: model))
    let run = try TrainingRun(
      recipe: recipe.finetuning, model: model, data: data,
      output: fresh(pattern.folderName), teacher: dense.copy())
    try run.start(observer: observer)
    try model.bake()
    return model
  }

  private func export(
    _ model: any ImageClassifier, pattern: SparsityPattern, calibratingOn data: TrainingData
  ) throws -> [Candidate] {
    let plan = CompressionPlan.uniform(pattern, model: model)
    return try Self.precisions.map { precision in
      let file = Self.file(in: directory, pattern, precision)
      let exporter = Exporter(
        plan: plan, precision: .uniform(precision),
        calibration: precision == .int8 ? try calibration(from: data.search) : nil,
        metadata: Graph.Metadata(
          classNames: data.training.classes, preprocessing: recipe.preprocessing,
          notes: ["data": "procedurally drawn images"]))
      try exporter.export(model, inputShape: model.inputShape, name: "demo").write(
        to: file)
      let cost = try model.multiplyAdds.total(under: plan)
      return Candidate(pattern: pattern, precision: precision, multiplyAdds: cost, file: file)
    }
  }

  /// Images from the search split, as the network takes them.
  private func calibration(from search: any ImageDataset) throws -> Calibration {
    let batches = recipe.evaluationLoader(over: search, batchSize: 64).epoch(0)
    return Calibration(batches: try (0..<4).compactMap { _ in try batches.next()?.images }, threads: threads)
  }

  private func measure(_ candidates: [Candidate], on test: any ImageDataset) throws -> [DemoResult] {
    let sessions = try candidates.map { try Session(ModelFile(contentsOf: $0.file), threads: threads) }
    var tallies = sessions.map { _ in ClassificationTally() }
    let batches = recipe.evaluationLoader(over: test).epoch(0)
    while let batch = try batches.next() {
      let images = NDArray(batch.images.scalars(as: Float.self), shape: batch.images.shape)
      for (index, session) in sessions.enumerated() {
        tallies[index].add(try session.run([images])[0].floats, labels: batch.labels.scalars(as: Int.self))
      }
    }
    let image = try sessions[0].randomInputs(batch: 1)
    let times = try InterleavedTiming.measure(
      rounds: 40, repeats: 5, sessions.map { session in { _ = try session.run(image) } })
    return try candidates.indices.map { index in
      let candidate = candidates[index]
      let size = try candidate.file.resourceValues(forKeys: [.fileSizeKey]).fileSize
      return DemoResult(
        pattern: candidate.pattern.displayName, precision: candidate.precision.rawValue,
        accuracy: tallies[index].accuracy(), multiplyAdds: candidate.multiplyAdds, fileBytes: size ?? 0,
        bestMilliseconds: times[index].best, medianMilliseconds: times[index].median,
        speedUp: times[0].median / times[index].median)
    }
  }

  /// A place for a run of the demo; the run that an earlier demo left there goes.
  private func fresh(_ name: String) throws -> URL {
    let url = directory.appending(path: name)
    try RunDirectory(url).removeRun()
    return url
  }
}

/// Why a demo did not come to its end.
public enum DemoError: Error, CustomStringConvertible {
  case interrupted(signal: Int32)

  public var description: String {
    switch self {
    case .interrupted(let signal):
      "stopped by \(RunError.name(of: signal)); the demo is short and begins anew each time: run it again"
    }
  }
}
