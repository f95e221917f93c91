import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SupernetTests {
  static let levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }

  static func network(seed: UInt64) throws -> VisionTransformer {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.classes) = (16, 8, 5)
    (configuration.width, configuration.depth, configuration.heads) = (16, 2, 2)
    return try VisionTransformer(configuration, using: Generator(seed: seed))
  }

  static func supernet(
    of model: VisionTransformer, _ gradient: SparseGradient = .masked
  ) throws -> Supernet {
    try Supernet(model, space: SearchSpace(levels, over: model.slots.map(\.path)), gradient: gradient)
  }

  static func images() -> Tensor { .normal([3, 3, 16, 16], using: Generator(seed: 11)) }

  static func weights(of model: some Module) -> [String: [UInt32]] {
    Dictionary(
      uniqueKeysWithValues: model.namedParameters().map {
        ($0.path, $0.tensor.scalars(as: Float.self).map(\.bitPattern))
      })
  }

  /// Random levels for every slot of `supernet`.
  static func draw(_ supernet: Supernet, seed: UInt64) -> [Int] {
    var random = SplitMix64(seed: seed)
    return UniformSampler(supernet.space).levels(using: &random)
  }

  /// Oracle: a plain network whose weights were pruned beforehand, layer by layer, with no supernet involved.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a subnet is the plain network with pruned weights, bit for bit`(seed: UInt64) throws {
    let plain = try Self.network(seed: seed)
    let supernet = try Self.supernet(of: plain.copy())
    for draw in 0..<4 as Range<UInt64> {
      let levels = Self.draw(supernet, seed: 10 * seed + draw)
      supernet.select(levels)
      let reference = plain.copy()
      withNoGradient {
        for (slot, level) in zip(supernet.space.slots, levels) {
          guard let layer = try? reference.layer(at: slot.path) as? Linear else {
            Issue.record("no linear layer at \(slot.path)")
            continue
          }
          _ = layer.weight.copyInPlace(from: layer.weight.pruned(to: Self.levels[level]))
        }
      }
      let images = Self.images()
      #expect(supernet.model(images).scalars(as: Float.self) == reference(images).scalars(as: Float.self))
      #expect(supernet.plan == supernet.space.plan(levels))
    }
  }

  @Test func `all 4 of 4 is the dense network bit for bit, also after other subnets, and no weight has moved`() throws {
    let plain = try Self.network(seed: 4)
    let supernet = try Self.supernet(of: plain.copy())
    let images = Self.images()
    let expected = plain(images).scalars(as: Float.self)
    #expect(supernet.model(images).scalars(as: Float.self) == expected)
    for seed in 0..<5 as Range<UInt64> {
      supernet.select(Self.draw(supernet, seed: seed))
      #expect(supernet.model(images).scalars(as: Float.self) != expected)
    }
    supernet.select(supernet.space.slots.map { _ in 2 })
    #expect(supernet.model(images).scalars(as: Float.self) == expected)
    try supernet.select(.uniform(Self.levels[0], layers: supernet.space.slots.map(\.path)))
    try supernet.select(CompressionPlan())
    #expect(supernet.model(images).scalars(as: Float.self) == expected)
    #expect(Self.weights(of: supernet.model) == Self.weights(of: plain))
  }

  /// Law: SGD without momentum and decay moves a weight exactly when it has a gradient.
  @Test func `a step of plain descent leaves removed weights untouched and moves the others`() throws {
    let supernet = try Self.supernet(of: Self.network(seed: 5))
    let levels = Self.draw(supernet, seed: 6)
    supernet.select(levels)
    let before = Self.weights(of: supernet.model)
    let parameters = supernet.model.namedParameters().map { (name: $0.path, tensor: $0.tensor) }
    let optimizer = SGD(ParameterGroup.decaying(parameters, weightDecay: 0), momentum: 0)
    supernet.model(Self.images()).crossEntropy(Tensor([0, 3, 1], shape: [3])).backward()
    optimizer.step(learningRate: 0.1)
    let after = Self.weights(of: supernet.model)
    for (path, layer) in supernet.model.sparseLayers() {
      let name = path + ".weight"
      let (old, new) = (try #require(before[name]), try #require(after[name]))
      let mask = layer.mask.scalars(as: Bool.self)  // frozen: that of the weights before the step
      for index in mask.indices where !mask[index] { #expect(old[index] == new[index]) }
      #expect(mask.indices.contains { mask[$0] && old[$0] != new[$0] }, "\(path)")
    }
  }

  @Test func `masks are those of the weights when the subnet was chosen`() throws {
    let supernet = try Self.supernet(of: Self.network(seed: 7))
    supernet.select(supernet.space.slots.map { _ in 0 })
    let (path, layer) = try #require(supernet.model.sparseLayers().first)
    let before = layer.mask.scalars(as: Bool.self)
    layer.weight.detached().copyInPlace(from: Tensor.normal(layer.weight.shape, using: Generator(seed: 8)))
    #expect(layer.mask.scalars(as: Bool.self) == before)
    supernet.select(supernet.space.slots.map { _ in 0 })
    let expected = Self.levels[0].mask(of: layer.weight.abs()).scalars(as: Bool.self)
    #expect(layer.mask.scalars(as: Bool.self) == expected && expected != before, "\(path)")
  }

  /// Slots are names: a space in another order, or over some layers only, means the same layers.
  @Test func `slots are found by name, in whatever order and however many`() throws {
    let plain = try Self.network(seed: 9)
    let paths = plain.slots.map(\.path)
    let (forward, backward) = (try Self.supernet(of: plain.copy()), plain.copy())
    let reversed = try Supernet(backward, space: SearchSpace(Self.levels, over: paths.reversed()))
    let levels = Self.draw(forward, seed: 12)
    forward.select(levels)
    reversed.select(levels.reversed())
    let images = Self.images()
    #expect(forward.model(images).scalars(as: Float.self) == backward(images).scalars(as: Float.self))

    let few = plain.copy()
    let some = try Supernet(few, space: SearchSpace(Self.levels, over: ["blocks.1.mlp.fc1"]))
    #expect(few.sparseLayers().map(\.path) == ["blocks.1.mlp.fc1"])
    #expect(throws: CompressionPlanError.self) {
      try some.select(.uniform(Self.levels[0], layers: ["blocks.0.mlp.fc1"]))
    }
  }

  @Test func `a space that does not fit is refused before anything changes`() throws {
    let model = try Self.network(seed: 13)
    let strange = SearchSpace(Self.levels, over: ["blocks.0.attn.qkv", "blocks.7.attn.qkv"])
    #expect(throws: CompressionPlanError.self) { try Supernet(model, space: strange) }
    let fifths = SearchSpace([SparsityPattern(keeping: 2, of: 5)], over: ["blocks.0.attn.qkv"])
    #expect(throws: CompressionPlanError.self) { try Supernet(model, space: fifths) }
    #expect(model.sparseLayers().isEmpty)
  }
}
