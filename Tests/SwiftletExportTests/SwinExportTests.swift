import RuntimeTestSupport
import SwiftletCompression
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletExport
@testable import SwiftletModels

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SwinExportTests {
  /// Three stages, with shifted windows in the first and the second; the last map is one window.
  static let tiling = configuration(image: 32, patch: 2, window: 4, depths: [2, 2, 1], heads: [1, 2, 2])
  /// Maps of 9, 5 and 3 tokens a side under windows of 2: filled up for windows and for merging.
  static let filledUp = configuration(image: 27, patch: 3, window: 2, depths: [2, 1, 1], heads: [2, 1, 4])
  /// The same, shifted before it is filled up, as timm does.
  static let filledUpLater = {
    var configuration = filledUp
    (configuration.windowPadding, configuration.activation) = (.afterShift, .geluTanh)
    return configuration
  }()

  private static func configuration(
    image: Int, patch: Int, window: Int, depths: [Int], heads: [Int]
  ) -> SwinConfiguration {
    var configuration = SwinConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.windowSize) = (ImageSize(image), patch, window)
    (configuration.width, configuration.depths, configuration.heads) = (16, depths, heads)
    (configuration.mlpRatio, configuration.classes) = (2, 5)
    return configuration
  }

  static func network(_ configuration: SwinConfiguration, seed: UInt64) throws -> SwinTransformer {
    let generator = Generator(seed: seed)
    let model = try SwinTransformer(configuration, using: generator)
    model.randomizeEveryParameter(using: generator)
    return model
  }

  static func images(_ model: SwinTransformer, batch: Int, seed: UInt64) -> Tensor {
    .normal([batch] + model.inputShape, using: Generator(seed: seed))
  }

  /// Oracle: libtorch's forward pass.
  @Test(.everyInstructionSet, .namingInstructionSet, arguments: [tiling, filledUp, filledUpLater], [1, 3])
  func `the exported fp32 network gives the trained one's scores`(configuration: SwinConfiguration, batch: Int) throws {
    let model = try Self.network(configuration, seed: 81)
    let exported = try Exporter().export(model, inputShape: model.inputShape)
    let images = Self.images(model, batch: batch, seed: 82)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 1e-4)
  }

  @Test func `windows are found in the map, and nothing moves but the merging of patches`() throws {
    let model = try Self.network(Self.tiling, seed: 83)
    let graph = try Exporter().export(model, inputShape: model.inputShape).graph
    let block = ["layerNorm", "linear", "attention", "linear", "layerNorm", "linear", "linear"]
    let merging = ["reshape", "permute", "reshape", "layerNorm", "linear"]
    #expect(
      graph.nodes.map(\.operation.name)
        == ["patchify", "linear", "layerNorm"] + block + block + merging + block + block + merging + block
        + ["layerNorm", "mean", "linear"])
    let windows = graph.nodes.compactMap { node -> Graph.AttentionWindows? in
      node.operation.as(Graph.Attention.self)?.windows
    }
    let table = { (block: String) in "layers.\(block).attn.relative_position_bias_table" }
    #expect(
      windows == [
        .init(side: 16, size: 4, shift: 0, biases: table("0.blocks.0")),
        .init(side: 16, size: 4, shift: 2, biases: table("0.blocks.1")),
        .init(side: 8, size: 4, shift: 0, biases: table("1.blocks.0")),
        .init(side: 8, size: 4, shift: 2, biases: table("1.blocks.1")),
        .init(side: 4, size: 4, shift: 0, biases: table("2.blocks.0")),
      ])
    #expect(
      graph.constants.filter { $0.name.hasSuffix("bias_table") }.map(\.shape) == [
        [49, 1], [49, 1], [49, 2], [49, 2], [49, 2],
      ])
  }

  /// Oracle: libtorch on the masked weights, and the formula of the pattern for the bytes.
  @Test(.everyInstructionSet, .namingInstructionSet, arguments: [(2, 4), (1, 4)])
  func `an N M network gives the masked dense network's scores, in the bytes of the formula`(
    kept: Int, group: Int
  ) throws {
    let pattern = SparsityPattern(keeping: kept, of: group)
    let model = try Self.network(Self.tiling, seed: 84)
    let plan = CompressionPlan.uniform(pattern, model: model)
    try model.prune(to: plan)
    let images = Self.images(model, batch: 2, seed: 85)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    let exported = try Exporter(plan: plan).export(model, inputShape: model.inputShape)
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 1e-4)
    let bytes = exported.layers.filter { plan[$0.path] != nil }.reduce(0) { $0 + $1.weightByteCount }
    #expect(try bytes == model.multiplyAdds.packedBytes(under: plan))
  }

  @Test(arguments: [nil, SparsityPattern(keeping: 2, of: 4)])
  func `int8 keeps the scores`(pattern: SparsityPattern?) throws {
    let model = try Self.network(Self.tiling, seed: 86)
    if let pattern { try model.prune(to: .uniform(pattern, model: model)) }
    let calibration = Calibration(batches: (0..<4).map { Self.images(model, batch: 8, seed: 90 + UInt64($0)) })
    let exported = try Exporter(precision: .uniform(.int8), calibration: calibration)
      .export(model, inputShape: model.inputShape)
    let images = Self.images(model, batch: 16, seed: 95)
    let expected = withNoGradient { model(images) }.scalars(as: Float.self)
    // Seven roundings to 8 bits a block, five blocks: a few percent of the scores, which reach 2.
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, images)) <= 0.15)
    for layer in exported.layers {
      #expect(layer.precision == (["patch_embed.proj", "head.fc"].contains(layer.path) ? .fp32 : .int8))
    }
    #expect(!exported.graph.nodes.contains { $0.operation == .convert })
  }

  /// Oracle: ModelSummary counts what the runtime multiplies.
  @Test func `the runtime's count of products agrees with the formula`() throws {
    let model = try Self.network(Self.tiling, seed: 87)
    let exported = try Exporter().export(model, inputShape: model.inputShape)
    let cost = model.multiplyAdds
    #expect(try ModelSummary(exported.modelFile()).denseMultiplyAdds == cost.dense)
  }

  /// What is added to the scores of shifted windows.
  enum Addition: CaseIterable { case ofTheShift, noMask, otherMask, noTable }

  /// Oracle: libtorch. A mask or biases that windows do not have keep the attention spelled out.
  @Test(arguments: Addition.allCases)
  func `only the mask of the shift and a table of biases make windows`(addition: Addition) throws {
    let generator = Generator(seed: 88)
    let qkv = Tensor.normal([24, 8], using: generator) * 0.4
    let projection = Tensor.normal([8, 8], using: generator) * 0.4
    let windows = Windows(side: 4, window: 2, shift: 1)
    var mask = try #require(windows.mask)
    if addition == .noMask { mask = mask.map { _ in 0 } }
    if addition == .otherMask { mask[1] = mask[1] == 0 ? -100 : 0 }
    let repeated = Tensor(mask, shape: [1, 4, 1, 4, 4])
    let index = Tensor(windows.offsetIndex, shape: [16])
    let table = Tensor.normal([9, 2], using: generator)
    var biases = table.indexSelect(along: 0, index).reshaped([4, 4, 2]).permuted([2, 0, 1]).unsqueezed(0)
    if addition == .noTable { biases = Tensor.normal([1, 2, 4, 4], using: generator) }
    let forward = { [biases] (x: Tensor) -> Tensor in
      let batch = x.shape[0]
      let pieces = x.reshaped([batch, 4, 4, 8]).rolled(by: [-1, -1], along: [1, 2])
        .reshaped([batch, 2, 2, 2, 2, 8]).permuted([0, 1, 3, 2, 4, 5]).reshaped([batch * 4, 4, 8])
      let parts = pieces.linear(weight: qkv, bias: nil).reshaped([batch * 4, 4, 3, 2, 4]).permuted([2, 0, 3, 1, 4])
        .unbind(along: 0)
      let added = repeated.expanded([batch, 4, 1, 4, 4]).reshaped([batch * 4, 1, 4, 4]) + biases
      let mixed = scaledDotProductAttention(query: parts[0], key: parts[1], value: parts[2], mask: added)
      let projected = mixed.transposed(1, 2).reshaped([batch * 4, 4, 8]).linear(weight: projection, bias: nil)
      let joined = projected.reshaped([batch, 2, 2, 2, 2, 8]).permuted([0, 1, 3, 2, 4, 5]).reshaped([batch, 4, 4, 8])
        .rolled(by: [1, 1], along: [1, 2]).reshaped([batch, 16, 8])
      return x * 1.5 + joined
    }
    // The map comes from an operation, as a norm's does.
    let whole = { (x: Tensor) in forward(x * 2) }
    let exported = try Exporter().export(inputShape: [16, 8], name: "windows", parameters: [], forward: whole)
    let operations = exported.graph.nodes.map(\.operation)
    #expect(
      operations.contains { $0.as(Graph.Attention.self).map { $0.heads == 2 && $0.windows != nil } ?? false }
        == (addition == .ofTheShift))
    let x = Tensor.normal([3, 16, 8], using: generator)
    let expected = withNoGradient { whole(x) }.scalars(as: Float.self)
    #expect(maximumDifference(expected, try DeiTExportTests.scores(exported, x)) <= 1e-5)
  }
}
