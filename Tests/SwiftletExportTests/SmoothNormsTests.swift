import SwiftletCompression
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletExport

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SmoothNormsTests {
  static let configuration = DeiTExportTests.configurations[0]
  static let shape = [3, configuration.imageSize.height, configuration.imageSize.width]
  static let calibration = Calibration(
    batches: (0..<4).map { DeiTExportTests.images(configuration, batch: 16, seed: 20 + UInt64($0)) })

  /// The same function with one channel of every norm 300 times as wide: the layers behind take it back.
  static func withWideChannels(_ model: VisionTransformer) throws -> VisionTransformer {
    let wide = model.copy()
    try withNoGradient {
      for (index, block) in wide.blocks.enumerated() {
        for (norm, layer) in [(block.norm1, "attn.qkv"), (block.norm2, "mlp.fc1")] {
          let linear = try #require(wide.layer(at: "blocks.\(index).\(layer)") as? Linear)
          for tensor in [norm.weight, norm.bias].compactMap(\.self) {
            tensor.narrowed(along: 0, from: 5, count: 1).mulInPlace(300)
          }
          linear.weight.narrowed(along: 1, from: 5, count: 1).mulInPlace(1.0 / 300)
        }
      }
    }
    return wide
  }

  /// Oracle: the network before the channels were widened, in fp32 and in int8.
  @Test(arguments: [RangeRule?.none, .leastSquares, .minMax])
  func `a norm's wide channel costs int8 no accuracy`(rule: RangeRule?) throws {
    let model = try DeiTExportTests.network(Self.configuration, seed: 21)
    let wide = try Self.withWideChannels(model)
    let images = DeiTExportTests.images(Self.configuration, batch: 32, seed: 22)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, withNoGradient { wide(images) }.scalars(as: Float.self)) < 1e-5)
    var calibration = Self.calibration
    calibration.rule = rule
    let exported = try Exporter(precision: .uniform(.int8), calibration: calibration)
      .export(wide, inputShape: Self.shape)
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 0.1)
    let effect = try #require(exported.int8Effect)
    #expect(effect.smoothedNorms == 4 && effect.change.samples == 64)
    #expect(effect.change.movement < 0.06 && !effect.change.isOverBound)
  }

  /// Oracle: the network as it was, bit for bit: the factors are powers of two.
  @Test func `in floats a smoothed network computes the same`() throws {
    let model = try Self.withWideChannels(DeiTExportTests.network(Self.configuration, seed: 23))
    let tensors = model.namedParameters().map { ($0.path, $0.tensor) }
    let network = try Exporter.network(inputShape: Self.shape, name: "wide", parameters: tensors) { model($0) }
    let formats = try network.weightFormats(plan: nil, precision: .uniform(.int8), quantizesEnds: false)
    var smoothed = network
    #expect(try smoothed.smoothNorms(formats, from: Self.calibration).count == 4)
    #expect(smoothed.numbers != network.numbers)
    #expect(try smoothed.run(batch: 3, seed: 24)[0].floats == network.run(batch: 3, seed: 24)[0].floats)
    var floats = network
    let dense = try network.weightFormats(plan: nil, precision: .uniform(.fp32), quantizesEnds: false)
    #expect(try floats.smoothNorms(dense, from: Self.calibration).isEmpty)
  }

  /// Oracle: the pruned network's own zeros, and a search's choice by the magnitudes of the trained weights.
  @Test func `patterns and the masks of a search stay as they were`() throws {
    let model = try Self.withWideChannels(DeiTExportTests.network(Self.configuration, seed: 25))
    let layers = model.slots.map(\.path)
    let half = SparsityPattern(keeping: 2, of: 4)
    let pruned = model.copy()
    try pruned.prune(to: .uniform(half, layers: layers))
    let exported = try Exporter(
      plan: .uniform(half, layers: layers), precision: .uniform(.int8), calibration: Self.calibration
    ).export(pruned, inputShape: Self.shape)
    #expect(exported.int8Effect?.smoothedNorms == 4)
    #expect(exported.layers.filter { $0.pattern == .init(keeping: 2, of: 4) }.count == 8)

    let planned = try PlannedNetwork(
      model, inputShape: Self.shape, layers: layers, calibration: Self.calibration)
    let images = DeiTExportTests.images(Self.configuration, batch: 3, seed: 26)
    let plan = CompressionPlan.uniform(half, layers: layers)
    let floats = try Exporter(plan: plan, precision: .planned).export(pruned, inputShape: Self.shape)
    let found = try PlannedNetworkTests.scores(planned.modelFile(for: plan), images)
    #expect(maximumDifference(try DeiTExportTests.scores(floats, images), found) < 1e-5)
  }
}
