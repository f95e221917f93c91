import Foundation
import SwiftletExport
import SwiftletMedia
import SwiftletModels
import SwiftletRuntime
import SwiftletTensor
import SwiftletVision
import TestSupport
import Testing

@testable import SwiftletTraining
@testable import SwiftletWorkflows

/// The way of a network with one channel through the commands, on a data set in MNIST's format.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct GreyPipelineTests {
  static let yaml = """
    model:
      family: deit
      configuration: {imageSize: 8, patchSize: 4, channels: 1, width: 16, depth: 1, heads: 2, classes: 2}
    data:
      kind: files
      searchFraction: 0.25
      mean: [0.5]
      deviation: [0.25]
      augmentation: {crop: {kind: padded, pixels: 1}, flip: 0.5, randAugment: rand-m9-mstd0.5-inc1, colorJitter: 0.1,
        hueJitter: 0.1, erasing: 0.1}
    training: {epochs: 30, batchSize: 16, learningRate: 3.0e-3, warmupEpochs: 1, threads: 1}
    """

  /// Bright pictures are ones, dark ones zeros.
  static func write(_ count: Int, to folder: URL, as prefix: String) throws -> [Image] {
    var random = SplitMix64(seed: UInt64(count))
    let pictures = (0..<count).map { index in
      random.floats(64).map { UInt8(90 * abs($0) + (index.isMultiple(of: 2) ? 0 : 150)) }
    }
    func header(_ magic: UInt8, _ shape: [Int]) -> [UInt8] {
      [0, 0, 8, magic]
        + shape.flatMap { [UInt8($0 >> 24), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
    }
    try Data(header(3, [count, 8, 8]) + pictures.flatMap { $0 }).write(
      to: folder.appending(path: "\(prefix)-images-idx3-ubyte"))
    try Data(header(1, [count]) + (0..<count).map { UInt8($0 % 2) }).write(
      to: folder.appending(path: "\(prefix)-labels-idx1-ubyte"))
    return pictures.map { Image(width: 8, height: 8, channels: 1, pixels: $0) }
  }

  /// Oracle: what the pictures are, and libtorch's scores on the same pictures.
  @Test(arguments: [ExportPrecision.uniform(.fp32), .uniform(.int8)])
  func `a network with one channel is trained, exported and run on grey and coloured pictures`(
    precision: ExportPrecision
  ) throws {
    let folder = try TemporaryFolder()
    _ = try Self.write(64, to: folder.url, as: "train")
    let pictures = try Self.write(20, to: folder.url, as: "t10k")
    let recipe = try Recipe.parse(Self.yaml)
    let run = try TrainingRun(recipe: recipe, data: folder.url, output: folder.url.appending(path: "run"))
    try run.start()

    let source = try TrainedModel(reading: run.directory.model)
    let seen = try recipe.data.open(at: folder.url, imageSize: 8).search
    let images = recipe.evaluationLoader(over: seen).epoch(0)
    let batch = try #require(try images.next()).images
    #expect(batch.shape == [16, 1, 8, 8])
    var exporter = Exporter(precision: precision, calibration: Calibration(batches: [batch]))
    exporter.metadata = Graph.Metadata(classNames: source.classes, preprocessing: recipe.preprocessing)
    let file = folder.url.appending(path: "grey.swiftlet")
    try exporter.export(source.model, inputShape: source.model.inputShape).write(to: file)

    let model = try Model(contentsOf: file, threads: 1)
    let found = try pictures.map { try model.classify($0, top: 1)[0].label }
    #expect(found == pictures.indices.map { "\($0 % 2)" })
    let coloured = pictures.map { $0.converted(toChannels: 3) }
    #expect(try model.probabilities(of: coloured) == model.probabilities(of: pictures))

    let sides = try [file, run.directory.model].map { try Classifier(path: $0.path, recipe: nil, threads: 1) }
    let (runtime, torch) = (try sides[0].scores(pictures), try sides[1].scores(pictures))
    let tolerance: Float = precision == .uniform(.fp32) ? 1e-4 : 0.2
    #expect(zip(runtime, torch).allSatisfy { abs($0 - $1) < tolerance } && runtime.count == torch.count)
  }
}
