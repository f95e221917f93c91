import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

/// Counts what a recorded forward pass really multiplied, and compares it with the formula.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct CountedOperationTests {
  struct Count {
    var patchEmbedding = 0, norms = 0, attention = 0, merging = 0, head = 0, slots = 0
  }

  static func counted(_ model: any ImageClassifier, skippingZeros: Bool = false) -> Count {
    let images = Tensor.normal([1] + model.inputShape, using: Generator(seed: 1))
    let operations = withNoGradient { recordingOperations { model(images) }.operations }
    let paths = Dictionary(
      model.namedParameters().map { ($0.tensor.identity, $0.path) }, uniquingKeysWith: { first, _ in first })
    var count = Count()
    for operation in operations.compactMap({ $0.counted(skippingZeros: skippingZeros) }) {
      let path = operation.weight.flatMap { paths[$0] } ?? ""
      switch operation.operatorName {
      case "aten::linear" where path.hasPrefix("head"): count.head += operation.multiplyAdds
      case "aten::linear" where path.hasSuffix("reduction.weight"): count.merging += operation.multiplyAdds
      case "aten::linear": count.slots += operation.multiplyAdds
      case "aten::layer_norm": count.norms += operation.multiplyAdds
      case "aten::conv2d": count.patchEmbedding += operation.multiplyAdds
      default: count.attention += operation.multiplyAdds
      }
    }
    return count
  }

  /// What the literature of DeiT leaves out: the last norm on every token.
  static func lastNorm(_ configuration: DeiTConfiguration) -> Int { configuration.tokens * configuration.width }

  @Test func `counting a forward pass of DeiT-T equals the formula`() throws {
    let model = try VisionTransformer(.tiny, using: Generator(seed: 2))
    let (counted, formula) = (Self.counted(model), DeiTConfiguration.tiny.multiplyAdds.published)
    #expect(counted.patchEmbedding == formula.patchEmbedding)
    #expect(counted.norms - Self.lastNorm(.tiny) == formula.norms)
    #expect(counted.attention == formula.attention)
    #expect(counted.slots == formula.dense - formula.fixed)
  }

  /// Windows tile the maps of the first network; the second fills maps up, for windows and for merging, and its last
  /// window is a whole map.
  @Test(arguments: [(16, 2, 2), (27, 3, 4)])
  func `counting a forward pass of Swin equals the formula`(imageSize: Int, patchSize: Int, windowSize: Int) throws {
    var configuration = SwinConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.windowSize) = (
      ImageSize(imageSize), patchSize, windowSize
    )
    (configuration.width, configuration.depths, configuration.heads) = (8, [2, 1, 2], [1, 2, 4])
    configuration.classes = 10
    let model = try SwinTransformer(configuration, using: Generator(seed: 2))
    let (counted, formula) = (Self.counted(model), configuration.multiplyAdds.published)
    #expect(counted.patchEmbedding == formula.patchEmbedding)
    #expect(counted.attention == formula.attention)
    #expect(counted.merging == formula.patchMerging)
    #expect(counted.head == formula.head)
    #expect(counted.slots == formula.dense - formula.fixed)
    // The published count of the last norm is another than what the norm sees.
    let (last, patches) = (configuration.stages[2], configuration.gridSize * configuration.gridSize)
    let seen = last.width * last.side * last.side
    #expect(counted.norms - seen == formula.norms - last.width * patches / 8)
    #expect(model.slots.map(\.path) == formula.slots.map(\.path))
  }

  @Test(arguments: [DeiTConfiguration.Distillation.none, .token])
  func `counting the weights that are left equals the formula under a plan`(
    distillation: DeiTConfiguration.Distillation
  ) throws {
    var configuration = try smallTransformer(seed: 3).configuration
    configuration.distillation = distillation
    let model = try VisionTransformer(configuration, using: Generator(seed: 3))
    let formula = configuration.multiplyAdds.published
    let space = SearchSpace(
      ["1:4", "2:4", "5:8", "4:4"].map { (try? SparsityPattern(parsing: $0)) ?? .dense },
      over: formula.slots.map(\.path))
    var random = SplitMix64(seed: 4)
    for _ in 0..<5 {
      let plan = space.plan(UniformSampler(space).levels(using: &random))
      try model.prune(to: plan)
      let counted = Self.counted(model, skippingZeros: true)
      let fixed = counted.patchEmbedding + counted.norms - Self.lastNorm(configuration) + counted.attention
      #expect(fixed == formula.fixed)
      #expect(counted.slots + formula.fixed == (try formula.total(under: plan)))
    }
  }

  /// Oracle: by hand.
  @Test func `products of matrices count result times inner length`() {
    let (a, b) = (Tensor.ones([2, 3, 5]), Tensor.ones([2, 5, 7]))
    let operations = recordingOperations { a.matmul(b) }.operations
    #expect(operations.compactMap { $0.counted()?.multiplyAdds } == [2 * 3 * 5 * 7])
    #expect(recordingOperations { a + a }.operations.compactMap { $0.counted()?.multiplyAdds } == [])
  }
}
