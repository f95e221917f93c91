import SwiftletModels
import SwiftletNN
import SwiftletTensor
import Testing

@testable import SwiftletCompression

/// Counts what a recorded forward pass really multiplied, and compares it with the formula.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct CountedOperationTests {
  static func counted(
    _ model: VisionTransformer, skippingZeros: Bool = false
  ) -> (patchEmbedding: Int, norms: Int, attention: Int, linears: Int) {
    let side = model.configuration.imageSize
    let images = Tensor.normal([1, 3, side, side], using: Generator(seed: 1))
    let operations = withNoGradient { recordingOperations { model(images) }.operations }
    // As in the literature, the head and the last norm are not counted.
    let skipped = model.namedParameters().filter { ["head.weight", "norm.weight"].contains($0.path) }.map(
      \.tensor.identity)
    var (patchEmbedding, norms, attention, linears) = (0, 0, 0, 0)
    for operation in operations.compactMap({ $0.counted(skippingZeros: skippingZeros) }) {
      if let weight = operation.weight, skipped.contains(weight) { continue }
      switch operation.operatorName {
      case "aten::linear": linears += operation.multiplyAdds
      case "aten::layer_norm": norms += operation.multiplyAdds
      case "aten::conv2d": patchEmbedding += operation.multiplyAdds
      default: attention += operation.multiplyAdds
      }
    }
    return (patchEmbedding, norms, attention, linears)
  }

  @Test func `counting a forward pass of DeiT-T equals the formula`() throws {
    let model = try VisionTransformer(.tiny, using: Generator(seed: 2))
    let (counted, formula) = (Self.counted(model), DeiTConfiguration.tiny.multiplyAdds)
    #expect(counted.patchEmbedding == formula.patchEmbedding)
    #expect(counted.norms == formula.norms)
    #expect(counted.attention == formula.attention)
    #expect(counted.linears == formula.dense - formula.fixed)
  }

  @Test(arguments: [DeiTConfiguration.Distillation.none, .token])
  func `counting the weights that are left equals the formula under a plan`(
    distillation: DeiTConfiguration.Distillation
  ) throws {
    var configuration = try smallTransformer(seed: 3).configuration
    configuration.distillation = distillation
    let model = try VisionTransformer(configuration, using: Generator(seed: 3))
    let formula = configuration.multiplyAdds
    let space = SearchSpace(
      ["1:4", "2:4", "5:8", "4:4"].map { (try? SparsityPattern(parsing: $0)) ?? .dense },
      over: formula.slots.map(\.path))
    var random = SplitMix64(seed: 4)
    for _ in 0..<5 {
      let plan = space.plan(UniformSampler(space).levels(using: &random))
      try model.prune(to: plan)
      let counted = Self.counted(model, skippingZeros: true)
      #expect(counted.linears + formula.fixed == (try formula.total(under: plan)))
      #expect(counted.patchEmbedding + counted.norms + counted.attention == formula.fixed)
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
