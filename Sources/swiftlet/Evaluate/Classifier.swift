import Foundation
import SwiftletData
import SwiftletMedia
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining

/// Something that scores labelled images: an exported model file in the runtime, or a trained network in libtorch.
///
/// Each side prepares the images in its own way, as it would in use, so that a difference there counts too.
struct Classifier {
  let name: String
  /// The classes' names; empty where nobody says.
  let classes: [String]
  /// The recipe that it was trained by, if it says.
  let recipe: Recipe?
  /// Whether it is a trained network, whose recipe is the one that was given, where one was.
  var isCheckpoint = false
  /// What a person should know about how a checkpoint was read.
  var remarks: [String] = []
  /// Scores `[images, classes]`, row by row.
  let scores: (_ images: [Image]) throws -> [Float]

  /// - Parameter path: a model file, or a trained network's checkpoint.
  init(path: String, recipe: URL?, averages: Bool = false, threads: Int) throws {
    if path.hasSuffix(".swiftlet") {
      try self.init(file: ModelFile(contentsOf: URL(filePath: path)), threads: threads)
    } else {
      let text = try recipe.map { try RecipeText(contentsOf: $0) }
      try self.init(
        TrainedSource(checkpoint: URL(filePath: path), text: text, averages: averages), name: path, threads: threads)
    }
  }

  init(file: ModelFile, threads: Int) throws {
    guard let preprocessing = file.graph.metadata.preprocessing else {
      throw ModelError.noPreprocessing(path: file.path)
    }
    let session = try Session(file, threads: threads)
    name = file.path
    classes = file.graph.metadata.classNames
    recipe = try file.graph.metadata.notes[ModelNotes.recipe].map { try Recipe.parse($0, source: file.path) }
    scores = { images in try session.run([preprocessing.apply(to: images)])[0].floats }
  }

  init(_ source: TrainedSource, name: String, threads: Int) throws {
    Torch.setThreads(threads)
    self.name = name
    classes = source.classes
    recipe = source.recipe
    (isCheckpoint, remarks) = (true, source.remarks)
    scores = { images in
      let dataset = LoadedImages(images: images)
      let batches = source.recipe.evaluationLoader(over: dataset, batchSize: images.count).epoch(0)
      guard let batch = try batches.next() else { return [] }
      return withNoGradient { source.model(batch.images) }.cast(to: .float32).scalars(as: Float.self)
    }
  }
}

/// Images in memory, without labels.
private struct LoadedImages: ImageDataset {
  let images: [Image]
  var classes: [String] { ["image"] }
  var count: Int { images.count }
  func label(at index: Int) -> Int { 0 }
  func image(at index: Int) throws -> Image { images[index] }
}
