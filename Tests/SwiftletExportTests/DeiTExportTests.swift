import Foundation
import RuntimeTestSupport
import SwiftletCompression
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletVision
import Testing

@testable import SwiftletExport

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct DeiTExportTests {
  /// Small networks of odd sizes.
  static let configurations: [DeiTConfiguration] = [
    configuration(image: 12, patch: 4, width: 24, heads: 3, depth: 2, classes: 7),
    configuration(image: 15, patch: 5, width: 40, heads: 5, depth: 1, classes: 3, distillation: .token),
    configuration(image: 8, patch: 2, width: 16, heads: 1, depth: 3, classes: 11, distillation: .head, ratio: 2.5),
    configuration(image: 6, patch: 3, width: 32, heads: 4, depth: 1, classes: 2, bias: false),
  ]

  private static func configuration(
    image: Int, patch: Int, width: Int, heads: Int, depth: Int, classes: Int,
    distillation: DeiTConfiguration.Distillation = .none, ratio: Double = 4, bias: Bool = true
  ) -> DeiTConfiguration {
    var configuration = DeiTConfiguration()
    configuration.imageSize = ImageSize(image)
    configuration.patchSize = patch
    configuration.width = width
    configuration.heads = heads
    configuration.depth = depth
    configuration.classes = classes
    configuration.distillation = distillation
    configuration.mlpRatio = ratio
    configuration.qkvBias = bias
    return configuration
  }

  static func network(_ configuration: DeiTConfiguration, seed: UInt64) throws -> VisionTransformer {
    let generator = Generator(seed: seed)
    let model = try VisionTransformer(configuration, using: generator)
    model.randomizeEveryParameter(using: generator)
    return model
  }

  static func images(_ configuration: DeiTConfiguration, batch: Int, seed: UInt64) -> Tensor {
    .normal([batch] + inputShape(configuration), using: Generator(seed: seed))
  }

  static func scores(_ exported: ExportedModel, _ images: Tensor) throws -> [Float] {
    let session = try Session(exported.modelFile(), threads: 1)
    return try session.run([NDArray(images.scalars(as: Float.self), shape: images.shape)])[0].floats
  }

  static func inputShape(_ configuration: DeiTConfiguration) -> [Int] {
    [configuration.channels, configuration.imageSize.height, configuration.imageSize.width]
  }

  /// Oracle: libtorch's forward pass.
  @Test(.everyInstructionSet, .namingInstructionSet, arguments: configurations, [1, 2, 5])
  func `the exported fp32 network gives the trained one's scores`(configuration: DeiTConfiguration, batch: Int) throws {
    let model = try Self.network(configuration, seed: 41)
    let exported = try Exporter().export(model, inputShape: Self.inputShape(configuration))
    let images = Self.images(configuration, batch: batch, seed: 42)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try Self.scores(exported, images)) <= 1e-4)
  }

  @Test func `a block is eight operations, and nothing moves between them`() throws {
    let model = try Self.network(Self.configurations[0], seed: 43)
    let exported = try Exporter().export(model, inputShape: Self.inputShape(Self.configurations[0]))
    let block = ["layerNorm", "linear", "attention", "linear", "layerNorm", "linear", "linear"]
    #expect(
      exported.graph.nodes.map(\.operation.name)
        == ["patchify", "linear", "expand", "concatenate", "add"] + block + block
        + ["layerNorm", "select", "linear"])
    #expect(exported.graph.nodes.contains { $0.name == "blocks.1.attn.qkv" })
    #expect(exported.graph.constants.contains { $0.name == "blocks.1.mlp.fc2.weight" })
  }

  /// Oracle: libtorch on the masked weights.
  @Test(.everyInstructionSet, .namingInstructionSet, arguments: [(2, 4), (1, 4), (3, 8)])
  func `an N M network gives the masked dense network's scores`(kept: Int, group: Int) throws {
    let configuration = Self.configurations[0]
    let pattern = SparsityPattern(keeping: kept, of: group)
    let model = try Self.network(configuration, seed: 44)
    let plan = CompressionPlan.uniform(pattern, layers: model.slots.map(\.path))
    try model.prune(to: plan)
    let images = Self.images(configuration, batch: 3, seed: 45)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)

    let planned = try Exporter(plan: plan).export(model, inputShape: Self.inputShape(configuration))
    #expect(maximumDifference(expected, try Self.scores(planned, images)) <= 1e-4)
    let found = try Exporter().export(model, inputShape: Self.inputShape(configuration))
    #expect(maximumDifference(expected, try Self.scores(found, images)) <= 1e-4)

    // Oracle for the bytes: the formula of the pattern.
    for exported in [planned, found] {
      for layer in exported.layers where layer.path.hasPrefix("blocks.") {
        #expect(layer.pattern == SparsityPattern(keeping: kept, of: group))
        #expect(layer.byteCount == pattern.packedBytes(weights: layer.shape[0] * layer.shape[1], valueBits: 32))
      }
    }
  }

  @Test func `weights that break the plan's pattern are named`() throws {
    let configuration = Self.configurations[0]
    let model = try Self.network(configuration, seed: 46)
    let plan = CompressionPlan.uniform(
      SparsityPattern(keeping: 2, of: 4), layers: model.slots.map(\.path))
    let error = #expect(throws: ExportError.self) {
      try Exporter(plan: plan).export(model, inputShape: Self.inputShape(configuration))
    }
    #expect(error?.description.hasPrefix("blocks.0.attn.qkv is no 2:4 layer: row 0, group 0 has 4") == true)
  }

  /// bf16 keeps 8 significant bits, so a product is off by at most 2^-8, and errors of either sign cancel in sums.
  @Test(.everyInstructionSet, .namingInstructionSet) func `bf16 weights change the scores by less than a hundredth`()
    throws
  {
    let configuration = Self.configurations[0]
    let model = try Self.network(configuration, seed: 47)
    let exported = try Exporter(precision: .uniform(.bf16)).export(model, inputShape: Self.inputShape(configuration))
    let images = Self.images(configuration, batch: 4, seed: 48)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try Self.scores(exported, images)) <= 2e-2)
  }

  /// Two roundings to 8 bits a layer: each about 1/256 of its range, so a few percent over a block; measured below half of
  /// that.
  @Test(
    .everyInstructionSet, .namingInstructionSet, arguments: [RangeRule.minMax, .percentile(99.99), .leastSquares],
    [nil, SparsityPattern(keeping: 2, of: 4)])
  func `int8 keeps the scores and the winners`(rule: RangeRule, pattern: SparsityPattern?) throws {
    let configuration = Self.configurations[0]
    let model = try Self.network(configuration, seed: 49)
    if let pattern {
      try model.prune(to: .uniform(pattern, layers: model.slots.map(\.path)))
    }
    let calibration = Calibration(
      batches: (0..<4).map { Self.images(configuration, batch: 16, seed: 50 + UInt64($0)) }, rule: rule)
    let exported = try Exporter(precision: .uniform(.int8), calibration: calibration)
      .export(model, inputShape: Self.inputShape(configuration))
    let images = Self.images(configuration, batch: 64, seed: 60)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    let found = try Self.scores(exported, images)
    #expect(maximumDifference(expected, found) <= 0.1)
    let same = zip(
      try Self.winners(expected, configuration.classes), try Self.winners(found, configuration.classes)
    ).count { $0 == $1 }
    #expect(same >= 58, "\(same) of 64 winners are the same")

    for layer in exported.layers {
      let isEnd = layer.path == "patch_embed.proj" || layer.path == "head"
      #expect(layer.precision == (isEnd ? .fp32 : .int8))
      let weights = layer.shape[0] * layer.shape[1]
      if !isEnd {
        let packed = (pattern ?? .dense).packedBytes(weights: weights, valueBits: 8)
        #expect(layer.byteCount == packed + 4 * layer.shape[0])
        #expect(layer.input != nil)
      }
    }
    // Norms, attention and the activated layer write 8 bits themselves.
    #expect(!exported.graph.nodes.contains { $0.operation == .convert })
  }

  /// Oracle: the same network in floats. Queries and keys are made much larger and smaller than the values, so that a
  /// grid for all three without the balance would lose one of them.
  @Test(.everyInstructionSet, .namingInstructionSet, arguments: [true, false])
  func `attention reads 8 bits unless it is to stay in floats, whatever the ranges of its parts`(isInt8: Bool) throws {
    let configuration = Self.configurations[0]
    let model = try Self.network(configuration, seed: 80)
    let width = configuration.width
    for (path, tensor) in model.namedParameters() where path.contains("attn.qkv") {
      withNoGradient {
        tensor.narrowed(along: 0, from: 0, count: width).mulInPlace(40)
        tensor.narrowed(along: 0, from: width, count: width).mulInPlace(1.0 / 40)
      }
    }
    let calibration = Calibration(
      batches: (0..<2).map { Self.images(configuration, batch: 16, seed: 81 + UInt64($0)) })
    let exported = try Exporter(
      precision: .uniform(.int8), calibration: calibration, quantizesAttention: isInt8
    ).export(model, inputShape: Self.inputShape(configuration))
    let attentions = exported.graph.nodes.filter { $0.operation.name == "attention" }
    #expect(attentions.count == configuration.depth)
    for attention in attentions {
      #expect(exported.graph.value(named: attention.inputs[0])?.type == (isInt8 ? .uint8 : .float32))
      #expect(exported.graph.value(named: attention.output)?.type == .uint8)
    }
    let images = Self.images(configuration, batch: 32, seed: 90)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try Self.scores(exported, images)) <= 0.1)
  }

  private static func winners(_ scores: [Float], _ classes: Int) throws -> [Int] {
    try ClassScores.rows(scores, samples: scores.count / classes).map { try #require($0.winner) }
  }

  @Test func `the ends in int8 as well, by option`() throws {
    let configuration = Self.configurations[2]
    let model = try Self.network(configuration, seed: 70)
    let calibration = Calibration(batches: [Self.images(configuration, batch: 32, seed: 71)])
    let exported = try Exporter(precision: .uniform(.int8), calibration: calibration, quantizesEnds: true)
      .export(model, inputShape: Self.inputShape(configuration))
    #expect(exported.layers.allSatisfy { $0.precision == .int8 })
    let images = Self.images(configuration, batch: 8, seed: 72)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try Self.scores(exported, images)) <= 0.1)
  }

  @Test func `int8 without calibration says what it needs`() throws {
    let configuration = Self.configurations[3]
    let model = try Self.network(configuration, seed: 73)
    for calibration in [nil, Calibration(batches: [])] {
      let error = #expect(throws: ExportError.self) {
        try Exporter(precision: .uniform(.int8), calibration: calibration)
          .export(model, inputShape: Self.inputShape(configuration))
      }
      #expect(error?.description.contains("calibration image") == true)
    }
  }

  @Test func `a written file reads back with its metadata and gives the same scores`() throws {
    let configuration = Self.configurations[1]
    let model = try Self.network(configuration, seed: 74)
    var exporter = Exporter()
    exporter.metadata.classNames = ["cat", "dog", "bird"]
    exporter.metadata.notes = ["accuracy": "none"]
    exporter.metadata.preprocessing = Graph.Preprocessing(height: 15, width: 15)
    let exported = try exporter.export(model, inputShape: Self.inputShape(configuration))
    let url = FileManager.default.temporaryDirectory.appending(path: "export-\(UUID().uuidString).swiftlet")
    defer { try? FileManager.default.removeItem(at: url) }
    try exported.write(to: url)
    let file = try ModelFile(contentsOf: url)
    #expect(file.graph.metadata == exporter.metadata)
    let images = Self.images(configuration, batch: 2, seed: 75)
    let input = NDArray(images.scalars(as: Float.self), shape: images.shape)
    let read = try Session(file, threads: 1).run([input])
    let direct = try Session(exported.modelFile(), threads: 1).run([input])
    #expect(read == direct)
  }

  @Test func `exporting leaves the model as it was`() throws {
    let configuration = Self.configurations[3]
    let model = try Self.network(configuration, seed: 76)
    model.train(using: Generator(seed: 1))
    let before = model.namedParameters().map { $0.tensor.scalars(as: Float.self) }
    _ = try Exporter().export(model, inputShape: Self.inputShape(configuration))
    #expect(model.namedParameters().map { $0.tensor.scalars(as: Float.self) } == before)
    #expect(model.namedParameters().allSatisfy { $0.tensor.requiresGradient })
  }
}
