import Foundation
import SwiftletData
import SwiftletModels
import SwiftletNN
import SwiftletTensor

@testable import SwiftletTraining

/// A run that takes a second: a DeiT of 2 blocks on 64 procedural shapes.
struct TinyRun {
  var recipe: Recipe
  /// The recipe's network.
  var network = DeiTConfiguration() {
    didSet { recipe.model.configuration = .deit(network) }
  }
  let directory: URL

  init() throws {
    (network.imageSize, network.patchSize, network.classes) = (16, 8, 10)
    (network.width, network.depth, network.heads) = (16, 2, 2)
    network.dropPath = 0.2  // draws random numbers in every step
    var data = Recipe.DataSource()
    data.kind = .shapes
    (data.shapes.training, data.searchFraction) = (80, 0.2)
    data.augmentation.flip = 0.5
    data.augmentation.crop = .padded(pixels: 2)
    var training = Recipe.Training()
    (training.epochs, training.batchSize, training.threads) = (2, 8, 1)
    (training.logEverySteps, training.averageDecay, training.clipNorm) = (3, 0.9, 1)
    recipe = Recipe(model: .init(.deit(network)), data: data, training: training)
    directory = FileManager.default.temporaryDirectory.appending(path: "swiftlet-run-\(UUID().uuidString)")
  }

  func make(_ name: String, resume: Bool = false, model: (any ImageClassifier)? = nil) throws -> TrainingRun<
    ImageClassificationTask
  > {
    try TrainingRun(
      recipe: recipe, model: try model ?? recipe.model.make(seed: recipe.training.seed),
      data: recipe.data.open(at: nil, imageSize: recipe.model.imageSize), output: directory.appending(path: name),
      resume: resume)
  }

  func remove() { try? FileManager.default.removeItem(at: directory) }
}

extension TrainingRun {
  /// Every weight, bit by bit.
  var weights: [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: task.network.namedParameters().map { ($0.path, $0.tensor.scalars(as: Float.self)) })
  }

  /// The lines of `metrics.jsonl` without what depends on the clock.
  func metrics() throws -> [Metrics] {
    try MetricsLog.read(directory.metrics).map {
      var line = $0
      (line.seconds, line.samplesPerSecond) = (0, nil)
      return line
    }
  }
}
