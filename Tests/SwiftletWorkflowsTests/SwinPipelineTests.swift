import Foundation
import SwiftletCheckpoint
import SwiftletCompression
import SwiftletData
import SwiftletExport
import SwiftletMedia
import SwiftletNN
import SwiftletTensor
import Testing

@testable import SwiftletTraining
@testable import SwiftletWorkflows

/// The way of a Swin through the commands, on drawn images.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct SwinPipelineTests {
  static let yaml = """
    model:
      family: swin
      configuration: {imageSize: 16, patchSize: 2, windowSize: 4, width: 16, depths: [2, 1], heads: [1, 2], classes: 10}
    data:
      kind: shapes
      searchFraction: 0.2
      shapes: {training: 40, test: 8}
    training: {epochs: 80, batchSize: 32, learningRate: 3.0e-3, warmupEpochs: 2, threads: 1, logEverySteps: 1}
    compression: {pattern: "2:4", epochs: 1, learningRate: 5.0e-4}
    """

  static func inPlace(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "swin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
  }

  @Test func `a Swin learns drawn shapes by heart`() throws {
    try Self.inPlace { directory in
      let run = try TrainingRun(recipe: Recipe.parse(Self.yaml), data: nil, output: directory)
      try run.start()
      let losses = try MetricsLog.read(run.directory.metrics).compactMap { $0.gradientNorm == nil ? nil : $0.loss }
      let (first, last) = (losses.prefix(5).reduce(0, +) / 5, losses.suffix(5).reduce(0, +) / 5)
      #expect(last < 0.8 * first, "the loss went from \(first) to \(last)")
      #expect(try TrainedModel(reading: run.directory.model).recipe.model.family == .swin)
    }
  }

  /// Oracle: libtorch's scores on the same images.
  @Test func `weights under timm's earlier names are finetuned, exported and evaluated by a recipe`() throws {
    try Self.inPlace { directory in
      let recipe = try Recipe.parse(Self.yaml)
      let (foreign, recipeFile) = (directory.appending(path: "swin.pth"), directory.appending(path: "swin.yaml"))
      try Data(Self.yaml.utf8).write(to: recipeFile)
      let weights = try recipe.model.make(seed: 3).stateDictionary()
      try Checkpoint.write(
        StateDictionary(
          weights.map { name, tensor in
            (
              name.replacing("layers.1.downsample", with: "layers.0.downsample").replacing("head.fc.", with: "head."),
              tensor
            )
          }), to: foreign)
      let source = try TrainedModel(reading: foreign, recipe: RecipeText(contentsOf: recipeFile))
      for (name, tensor) in weights {
        #expect(tensor.isEqual(to: try #require(source.model.stateDictionary()[name])), "\(name)")
      }

      let compressor = try Compressor(checkpoint: foreign, finetuning: recipe, data: nil)
      #expect(compressor.plan.paths.count == 12)
      let place = RunDirectory(directory.appending(path: "pruned"))
      let result = try compressor.compress(to: place, resume: false)
      #expect(result.multiplyAdds < result.denseMultiplyAdds && result.finetunedAccuracy != nil)

      let pruned = try TrainedModel(reading: place.model)
      let file = directory.appending(path: "swin.swiftlet")
      var exporter = Exporter(plan: compressor.plan)
      exporter.metadata.preprocessing = recipe.preprocessing
      try exporter.export(pruned.model, inputShape: pruned.model.inputShape).write(to: file)
      let images = try recipe.data.openTest(at: nil, imageSize: 16)
      let sides = try [file.path, place.model.path].map { try Classifier(path: $0, recipe: nil, threads: 1) }
      let pictures = try (0..<images.count).map { try images.sample($0).image }
      let (found, expected) = (try sides[0].scores(pictures), try sides[1].scores(pictures))
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 } && found.count == expected.count)
    }
  }
}
