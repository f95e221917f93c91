import SwiftletCompression
import SwiftletModels
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletExport

/// A plan's count and a file's are made in different places, from a configuration and from a graph, and must be one.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ModelFileMultiplyAddsTests {
  static func expectOneCount(_ model: any ImageClassifier) throws {
    try expectOneCount(of: model)
  }

  private static func expectOneCount(of model: some ImageClassifier) throws {
    let cost = model.multiplyAdds
    let plan = cost.uniform(SparsityPattern(keeping: 2, of: 4))
    try model.prune(to: plan)
    let summary = try ModelSummary(
      Exporter(plan: plan).export(model, inputShape: model.inputShape).modelFile())
    #expect(summary.denseMultiplyAdds == cost.dense)
    #expect(try summary.multiplyAdds == cost.total(under: plan))
    #expect(cost.published.dense != cost.dense)
  }

  @Test(arguments: DeiTConfiguration.Distillation.allCases)
  func `a DeiT's file and its plans have one count`(distillation: DeiTConfiguration.Distillation) throws {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.width) = (16, 4, 32)
    (configuration.depth, configuration.heads, configuration.classes) = (2, 2, 7)
    configuration.distillation = distillation
    try Self.expectOneCount(VisionTransformer(configuration, using: Generator(seed: 5)))
  }

  /// Windows tile the maps of the first network and fill up those of the second.
  @Test(arguments: [(16, 2, 2), (27, 3, 4)])
  func `a Swin's file and its plans have one count`(imageSize: Int, patchSize: Int, windowSize: Int) throws {
    var configuration = SwinConfiguration()
    (configuration.patchSize, configuration.windowSize) = (patchSize, windowSize)
    configuration.imageSize = ImageSize(imageSize)
    (configuration.width, configuration.depths, configuration.heads) = (8, [2, 1, 2], [1, 2, 4])
    configuration.classes = 10
    try Self.expectOneCount(SwinTransformer(configuration, using: Generator(seed: 6)))
  }
}
