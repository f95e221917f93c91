import SwiftletCompression
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletExport

/// Vision transformers that are no DeiT, exported.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct VisionFamilyExportTests {
  /// DINOv2 with registers, DeiT-III on images that are no squares, a mean without class token and one channel.
  static let configurations: [DeiTConfiguration] = [
    configuration {
      ($0.layerScale, $0.registerTokens, $0.positions) = (1, 3, .patches)
      $0.pooling = .classTokenAndMean
    },
    configuration {
      ($0.layerScale, $0.positions, $0.imageSize) = (1e-2, .patches, ImageSize(height: 8, width: 20))
      $0.activation = .geluTanh
    },
    configuration {
      ($0.classToken, $0.pooling, $0.finalNorm, $0.channels) = (false, .mean, .pooled, 1)
      ($0.activation, $0.qkvBias) = (.relu, false)
    },
    configuration { ($0.activation, $0.pooling, $0.registerTokens) = (.quickGelu, .mean, 2) },
    configuration { ($0.classes, $0.layerScale, $0.activation) = (0, 1, .silu) },
  ]

  private static func configuration(_ change: (inout DeiTConfiguration) -> Void) -> DeiTConfiguration {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.width) = (12, 4, 24)
    (configuration.heads, configuration.depth, configuration.classes) = (3, 2, 7)
    change(&configuration)
    return configuration
  }

  /// Oracle: libtorch's forward pass.
  @Test(arguments: configurations, [1, 3])
  func `the exported fp32 network gives the trained one's scores`(configuration: DeiTConfiguration, batch: Int) throws {
    let model = try DeiTExportTests.network(configuration, seed: 141)
    let exported = try Exporter().export(model, inputShape: model.inputShape)
    let images = DeiTExportTests.images(configuration, batch: batch, seed: 142)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 1e-4)
  }

  @Test(arguments: configurations.indices)
  func `a block is eight operations: scales are folded and activations fused`(index: Int) throws {
    let model = try DeiTExportTests.network(Self.configurations[index], seed: 143)
    let graph = try Exporter().export(model, inputShape: model.inputShape).graph
    let block = ["layerNorm", "linear", "attention", "linear", "layerNorm", "linear", "linear"]
    let names = graph.nodes.map(\.operation.name)
    #expect(names.indices.count { Array(names[$0...].prefix(block.count)) == block } == 2, "\(names)")
    #expect(!names.contains("multiply") && !names.contains("activation"))
    #expect(!graph.constants.contains { $0.name.contains(".ls") })
    #expect(graph.constants.contains { $0.name == "blocks.1.mlp.fc2.weight" })
  }

  /// Oracle: libtorch on the masked weights, and the formula of the pattern for the bytes.
  @Test func `an N M network keeps its pattern under folded scales`() throws {
    let pattern = SparsityPattern(keeping: 2, of: 4)
    let model = try DeiTExportTests.network(Self.configurations[0], seed: 144)
    let plan = CompressionPlan.uniform(pattern, layers: model.slots.map(\.path))
    try model.prune(to: plan)
    let images = DeiTExportTests.images(Self.configurations[0], batch: 3, seed: 145)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    for exporter in [Exporter(plan: plan), Exporter()] {
      let exported = try exporter.export(model, inputShape: model.inputShape)
      #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 1e-4)
      for layer in exported.layers where layer.path.hasPrefix("blocks.") {
        #expect(layer.pattern == SparsityPattern(keeping: 2, of: 4))
        #expect(layer.byteCount == pattern.packedBytes(weights: layer.shape[0] * layer.shape[1], valueBits: 32))
      }
    }
  }

  /// As in `DeiTExportTests`: a few percent over two blocks; measured below half of that.
  @Test(arguments: configurations)
  func `int8 keeps the scores`(configuration: DeiTConfiguration) throws {
    let model = try DeiTExportTests.network(configuration, seed: 146)
    let calibration = Calibration(
      batches: (0..<4).map { DeiTExportTests.images(configuration, batch: 16, seed: 150 + UInt64($0)) }, rule: .minMax)
    let exported = try Exporter(precision: .uniform(.int8), calibration: calibration)
      .export(model, inputShape: model.inputShape)
    let images = DeiTExportTests.images(configuration, batch: 32, seed: 160)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 0.1)
    for layer in exported.layers where layer.path.hasPrefix("blocks.") { #expect(layer.precision == .int8) }
    #expect(!exported.graph.nodes.contains { $0.operation == .convert })
  }

  /// The rows of an int8 weight have a scale each: a layer's scale changes those alone.
  @Test func `a folded scale changes no integer of an int8 weight`() throws {
    let configuration = Self.configurations[0]
    let model = try DeiTExportTests.network(configuration, seed: 147)
    // Powers of two, as other factors round before the integers do.
    let factors = (0..<configuration.width).map { Float($0.isMultiple(of: 2) ? 0.25 : -2) }
    _ = withNoGradient { model.blocks[0].scale2?.gamma.copyInPlace(from: Tensor(factors, shape: [factors.count])) }
    let weights = model.blocks[0].mlp.namedParameters().first { $0.path == "fc2.weight" }?.tensor
      .scalars(as: Float.self)
    let network = try Exporter.network(
      inputShape: model.inputShape, name: "dino",
      parameters: model.namedParameters().map { ($0.path, $0.tensor) }
    ) { model($0) }
    let folded = try #require(network.numbers["blocks.0.mlp.fc2.weight"])
    let plain = Int8Weights(try #require(weights), rows: factors.count)
    let scaled = Int8Weights(folded, rows: factors.count)
    #expect(zip(plain.scales, scaled.scales).enumerated().allSatisfy { $1.1 == $1.0 * abs(factors[$0]) })
    let inputs = plain.integers.count / factors.count
    #expect(
      plain.integers.indices.allSatisfy {
        Int(scaled.integers[$0]) == Int(plain.integers[$0]) * (factors[$0 / inputs] < 0 ? -1 : 1)
      })
  }
}
