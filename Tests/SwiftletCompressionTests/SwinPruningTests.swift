import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletCompression

/// What prunes a DeiT prunes a Swin: its blocks name their layers alike.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SwinPruningTests {
  /// Two stages of widths 16 and 32, windows of 4, one of two blocks shifted.
  static func network() throws -> SwinTransformer {
    var configuration = SwinConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.classes) = (32, 4, 5)
    (configuration.width, configuration.depths, configuration.heads) = (16, [2, 2], [2, 4])
    configuration.windowSize = 4
    return try SwinTransformer(configuration, using: Generator(seed: 3))
  }

  static func images() -> Tensor { .normal([3, 3, 32, 32], using: Generator(seed: 4)) }

  @Test func `a supernet of a Swin is the plain network with pruned weights, and dense at 4 of 4, bit for bit`() throws
  {
    let plain = try Self.network()
    let paths = plain.slots.map(\.path)
    #expect(paths.count == 16)
    let model = plain.copy()
    let supernet = try Supernet(model, space: SearchSpace(SupernetTests.levels, over: paths))
    let levels = SupernetTests.draw(supernet, seed: 5)
    supernet.select(levels)
    let reference = plain.copy()
    try reference.prune(to: supernet.space.plan(levels))
    try reference.bake()
    let images = Self.images()
    #expect(model(images).scalars(as: Float.self) == reference(images).scalars(as: Float.self))
    try supernet.select(CompressionPlan())
    #expect(model(images).scalars(as: Float.self) == plain(images).scalars(as: Float.self))
  }

  @Test func `SparseGPT keeps exactly N of M in every layer of a Swin`() throws {
    let network = try Self.network()
    let plan = CompressionPlan.uniform(SparsityPattern(keeping: 2, of: 4), model: network)
    try network.prune(to: plan, bySparseGPT: SparseGPT()) { _ = network(Self.images()) }
    let paths = Set(plan.paths)
    for (path, layer) in network.linearLayers() where paths.contains(path) {
      let left = layer.weight.notEqual(to: 0).cast(to: .int64).reshaped([-1, 4]).sum(along: [1])
      #expect(left.scalars(as: Int.self).allSatisfy { $0 == 2 }, "\(path)")
    }
  }

  @Test func `hidden channels and values of a Swin move, and it computes the same`() throws {
    let network = try Self.network()
    let permuted = network.copy()
    #expect(permuted.channelGroups(of: 4).count == 4 + 2 * 2 + 2 * 4)
    let gain = try permuted.permuteChannels(
      for: .uniform(SparsityPattern(keeping: 1, of: 4), model: permuted))
    #expect(gain.after > gain.before)
    let images = Self.images()
    let (before, after) = (network(images).scalars(as: Float.self), permuted(images).scalars(as: Float.self))
    #expect(zip(before, after).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(SupernetTests.weights(of: network) != SupernetTests.weights(of: permuted))
  }
}
