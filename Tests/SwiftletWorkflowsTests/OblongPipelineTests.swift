import Foundation
import SwiftletExport
import SwiftletModels
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletTraining
@testable import SwiftletWorkflows

/// The way of networks whose images are no squares, or smaller than what is drawn, through the commands.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct OblongPipelineTests {
  /// Oracle: libtorch's scores on the same pictures, which are drawn as squares.
  @Test(arguments: [
    (ImageSize(height: 8, width: 24), "padded, pixels: 2"), (ImageSize(height: 24, width: 16), "resized"), (8, "none"),
  ])
  func `a network is trained, exported and run at sizes that are no squares`(size: ImageSize, crop: String) throws {
    let folder = try TemporaryFolder()
    let sides = size.isSquare ? "\(size)" : "[\(size.height), \(size.width)]"
    let recipe = try Recipe.parse(
      """
      model:
        family: deit
        configuration: {imageSize: \(sides), patchSize: 8, width: 16, depth: 1, heads: 2, classes: 10}
      data:
        kind: shapes
        searchFraction: 0.2
        augmentation: {crop: {kind: \(crop)}, flip: 0.5, randAugment: rand-m9-mstd0.5-inc1, erasing: 0.2}
        shapes: {training: 20, test: 4}
      training: {epochs: 1, batchSize: 8, warmupEpochs: 0, threads: 1}
      """)
    #expect(recipe.model.imageSize == size)
    let run = try TrainingRun(recipe: recipe, data: nil, output: folder.url.appending(path: "run"))
    try run.start()
    let source = try TrainedModel(reading: run.directory.model)
    #expect(source.model.inputShape == [3, size.height, size.width])
    var exporter = Exporter()
    exporter.metadata.preprocessing = recipe.preprocessing
    let file = folder.url.appending(path: "oblong.swiftlet")
    try exporter.export(source.model, inputShape: source.model.inputShape).write(to: file)

    let test = try recipe.data.openTest(at: nil, imageSize: size)
    let pictures = try (0..<test.count).map { try test.sample($0).image }
    let scores = try [file, run.directory.model].map {
      try Classifier(path: $0.path, recipe: nil, threads: 1).scores(pictures)
    }
    #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 1e-4 } && scores[0].count == scores[1].count)
  }
}
