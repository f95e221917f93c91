import SwiftletCompression
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletExport

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct PlannedNetworkTests {
  static let configuration = DeiTExportTests.configurations[0]
  static let shape = [3, configuration.imageSize.height, configuration.imageSize.width]

  static func layers(_ model: VisionTransformer) -> [String] { model.slots.map(\.path) }

  static func scores(_ file: ModelFile, _ images: Tensor) throws -> [Float] {
    try Session(file, threads: 1).run([NDArray(images.scalars(as: Float.self), shape: images.shape)])[0].floats
  }

  /// Levels and precisions by turns.
  static func plan(_ layers: [String], _ precisions: [Precision]) -> CompressionPlan {
    let patterns = [(1, 4), (2, 4), (4, 4), (3, 8), (1, 3)].map { SparsityPattern(keeping: $0.0, of: $0.1) }
    return CompressionPlan(
      Dictionary(
        layers.enumerated().map { index, path in
          let choice = LayerChoice(pattern: patterns[index % 5], precision: precisions[index % precisions.count])
          return (path, choice)
        }, uniquingKeysWith: { first, _ in first }))
  }

  /// Oracle: pruning in libtorch and exporting the whole network, bit for bit.
  @Test(arguments: [[Precision.fp32], [.fp32, .bf16]])
  func `a plan gives the network that pruning and exporting give`(precisions: [Precision]) throws {
    let model = try DeiTExportTests.network(Self.configuration, seed: 3)
    let layers = Self.layers(model)
    let planned = try PlannedNetwork(model, inputShape: Self.shape, layers: layers)
    let images = DeiTExportTests.images(Self.configuration, batch: 3, seed: 4)
    // Others first, so that what was encoded before cannot leak into the next.
    _ = try planned.modelFile(for: .uniform(SparsityPattern(keeping: 1, of: 4), layers: layers))
    for plan in [Self.plan(layers, precisions), Self.plan(layers.reversed(), precisions)] {
      let pruned = model.copy()
      try pruned.prune(to: plan)
      let exported = try Exporter(plan: plan, precision: .planned).export(pruned, inputShape: Self.shape)
      #expect(try Self.scores(planned.modelFile(for: plan), images) == Self.scores(exported.modelFile(), images))
    }
    let dense = try Exporter(precision: .uniform(.fp32)).export(model, inputShape: Self.shape)
    #expect(
      try Self.scores(planned.modelFile(for: CompressionPlan()), images) == Self.scores(dense.modelFile(), images))
  }

  /// Oracle: the exporter with the same images; the grids are the dense network's.
  @Test func `int8 layers take the grids of the dense network`() throws {
    let model = try DeiTExportTests.network(Self.configuration, seed: 5)
    let layers = Self.layers(model)
    let calibration = Calibration(batches: [DeiTExportTests.images(Self.configuration, batch: 6, seed: 6)])
    let planned = try PlannedNetwork(model, inputShape: Self.shape, layers: layers, calibration: calibration)
    let images = DeiTExportTests.images(Self.configuration, batch: 3, seed: 7)
    for kept in [1, 4] {
      let plan = CompressionPlan.uniform(SparsityPattern(keeping: kept, of: 4), precision: .int8, layers: layers)
      let file = try planned.modelFile(for: plan)
      let exported = try Exporter(
        plan: .uniform(.dense, precision: .int8, layers: layers), precision: .planned, calibration: calibration
      )
      .export(model, inputShape: Self.shape).modelFile()
      func grids(_ file: ModelFile) -> [String: Graph.Quantization] {
        Dictionary(
          file.graph.values.compactMap { value in value.quantization.map { (value.name, $0) } },
          uniquingKeysWith: { first, _ in first })
      }
      #expect(grids(file) == grids(exported) && !grids(file).isEmpty)
      if kept == 4 { #expect(try Self.scores(file, images) == Self.scores(exported, images)) }
    }
  }

  @Test func `what it was not made for is refused`() throws {
    let model = try DeiTExportTests.network(Self.configuration, seed: 8)
    let layers = Self.layers(model)
    #expect(throws: ExportError.self) {
      try PlannedNetwork(model, inputShape: Self.shape, layers: ["blocks.9.mlp.fc1"])
    }
    let planned = try PlannedNetwork(model, inputShape: Self.shape, layers: Array(layers.dropLast()))
    #expect(throws: ExportError.self) {
      try planned.modelFile(for: .uniform(SparsityPattern(keeping: 2, of: 4), layers: layers))
    }
    #expect(throws: ExportError.self) {
      try planned.modelFile(for: .uniform(.dense, precision: .int8, layers: Array(layers.prefix(2))))
    }
  }
}
