import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

/// A transformer of two blocks for 16 x 16 images.
func smallTransformer(seed: UInt64) throws -> VisionTransformer {
  var configuration = DeiTConfiguration()
  configuration.imageSize = 16
  configuration.patchSize = 4
  configuration.width = 32
  configuration.depth = 2
  configuration.heads = 2
  configuration.classes = 10
  return try VisionTransformer(configuration, using: Generator(seed: seed))
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct PruningTests {
  static let half = SparsityPattern(keeping: 2, of: 4)

  static func images(seed: UInt64, count: Int = 3) -> Tensor {
    .normal([count, 3, 16, 16], using: Generator(seed: seed))
  }

  static func weights(_ model: VisionTransformer) -> [[Float]] {
    model.namedParameters().map { $0.tensor.scalars(as: Float.self) }
  }

  @Test func `the compressible layers are the four of every block`() throws {
    let model = try smallTransformer(seed: 1)
    let paths = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"]
    #expect(
      model.slots.map(\.path) == (0..<2).flatMap { block in paths.map { "blocks.\(block).\($0)" } })
    #expect(
      model.slots.map { [$0.inputs, $0.outputs] }
        == Array(repeating: [[32, 96], [32, 32], [32, 128], [128, 32]], count: 2).flatMap { $0 })
    // Oracle: the layers that are really there.
    let layers = model.linearLayers().filter { $0.path.hasPrefix("blocks.") }
    #expect(model.slots.map(\.path) == layers.map(\.path))
    #expect(model.slots.map { [$0.outputs, $0.inputs] } == layers.map(\.layer.weight.shape))
  }

  @Test func `pruning changes layers and no weights, paths or names`() throws {
    let model = try smallTransformer(seed: 2)
    let (paths, before) = (model.namedParameters().map(\.path), Self.weights(model))
    try model.prune(to: .uniform(Self.half, model: model))
    _ = model(Self.images(seed: 3))
    #expect(model.namedParameters().map(\.path) == paths)
    #expect(Self.weights(model) == before)
    #expect(model.sparseLayers().count == 8)
    #expect(model.linearLayers().map(\.path) == ["head"])
    #expect(model.slots.count == 8)
  }

  /// Oracle: the plain network with weights that were multiplied by the masks beforehand.
  @Test func `a pruned network equals the plain one with masked weights, bit for bit`() throws {
    let plain = try smallTransformer(seed: 4)
    let levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    var random = SplitMix64(seed: 5)
    let plan = SearchSpace(levels, over: plain.slots.map(\.path))
      .plan((0..<8).map { _ in Int.random(in: 0..<3, using: &random) })
    let pruned = plain.copy()
    try pruned.prune(to: plan)
    withNoGradient {
      for (path, layer) in plain.linearLayers() {
        if let choice = plan[path] { _ = layer.weight.copyInPlace(from: layer.weight.pruned(to: choice.sparsity)) }
      }
    }
    let images = Self.images(seed: 6)
    #expect(pruned(images).scalars(as: Float.self) == plain(images).scalars(as: Float.self))
  }

  @Test func `4 of 4 everywhere is the dense network, also after other plans`() throws {
    let model = try smallTransformer(seed: 7)
    let images = Self.images(seed: 8)
    let dense = model(images).scalars(as: Float.self)
    for kept in [1, 2, 3, 4] {
      try model.prune(to: .uniform(SparsityPattern(keeping: kept, of: 4), model: model))
      #expect((model(images).scalars(as: Float.self) == dense) == (kept == 4))
    }
  }

  @Test(arguments: [SparsityPattern(keeping: 1, of: 4), SparsityPattern(keeping: 5, of: 8)])
  func `baking leaves plain layers with exact zeros and the same scores`(pattern: SparsityPattern) throws {
    let model = try smallTransformer(seed: 9)
    let images = Self.images(seed: 10)
    try model.prune(to: .uniform(pattern, model: model))
    let scores = model(images).scalars(as: Float.self)
    let parameters = model.parameters().map(\.identity)
    try model.bake()
    #expect(model.sparseLayers().isEmpty)
    #expect(model.linearLayers().count == 9)
    #expect(model.parameters().map(\.identity) == parameters)
    #expect(model(images).scalars(as: Float.self) == scores)
    for (path, layer) in model.linearLayers() where path != "head" {
      let weights = layer.weight.scalars(as: Float.self)
      for start in stride(from: 0, to: weights.count, by: pattern.group) {
        #expect(weights[start..<start + pattern.group].count { $0 != 0 } == pattern.kept)
      }
    }

    // Once more changes nothing.
    let baked = Self.weights(model)
    try model.bake()
    try model.prune(to: .uniform(pattern, model: model))
    try model.bake()
    #expect(Self.weights(model) == baked)
  }

  @Test func `a layer the plan does not name stays as it is`() throws {
    let model = try smallTransformer(seed: 11)
    try model.prune(to: CompressionPlan(["blocks.1.mlp.fc2": LayerChoice(pattern: Self.half)]))
    #expect(model.sparseLayers().map(\.path) == ["blocks.1.mlp.fc2"])
  }

  @Test func `a plan that does not fit is refused before anything changes`() throws {
    let model = try smallTransformer(seed: 12)
    for (path, pattern) in [("head", Self.half), ("patch_embed.proj", Self.half), ("blocks.2.mlp.fc1", Self.half)] {
      let plan = CompressionPlan([
        path: LayerChoice(pattern: pattern), "blocks.0.mlp.fc1": LayerChoice(pattern: Self.half),
      ])
      #expect(throws: CompressionPlanError.self) { try model.prune(to: plan) }
    }
    #expect(
      throws: CompressionPlanError.indivisible(
        path: "blocks.0.attn.proj", inputs: 32, pattern: .init(keeping: 2, of: 5))
    ) {
      try model.prune(to: .uniform(SparsityPattern(keeping: 2, of: 5), model: model))
    }
    #expect(throws: PruningError.noActivations(path: "blocks.0.attn.proj")) {
      try model.prune(to: .uniform(Self.half, model: model), by: .wanda(inputNorms: [:]))
    }
    #expect(model.sparseLayers().isEmpty)
  }

  /// Oracle: norms and masks computed in Swift from the layer's recorded inputs.
  @Test func `Wanda ranks by weight times input norm`() throws {
    let model = try smallTransformer(seed: 13)
    let path = "blocks.1.attn.qkv"
    let layer = try #require(model.linearLayers().first { $0.path == path }?.layer)
    let batches = [Self.images(seed: 14), Self.images(seed: 15, count: 2)]
    var squares = [Double](repeating: 0, count: 32)
    for batch in batches {
      let operations = withNoGradient { recordingOperations { model(batch) }.operations }
      let inputs = operations.filter {
        $0.operatorName == "aten::linear" && $0.arguments[1].asTensor?.identity == layer.weight.identity
      }
      let x = try #require(inputs.first?.arguments[0].asTensor).scalars(as: Float.self)
      for (index, value) in x.enumerated() { squares[index % 32] += Double(value) * Double(value) }
    }

    let paths = model.slots.map(\.path)
    let norms = try model.inputNorms(of: paths) { for batch in batches { _ = model(batch) } }
    #expect(Set(norms.keys) == Set(paths))
    let found = try #require(norms[path]).scalars(as: Float.self)
    for (norm, square) in zip(found, squares) {
      #expect(abs(Double(norm) - square.squareRoot()) < 1e-5 * square.squareRoot())
    }
    #expect(model.linearLayers().count == 9)

    try model.prune(to: .uniform(Self.half, model: model), by: .wanda(inputNorms: norms))
    let sparse = try #require(model.sparseLayers().first { $0.path == path }?.layer)
    let scores = layer.weight.scalars(as: Float.self).enumerated().map { $0.element.magnitude * found[$0.offset % 32] }
    #expect(sparse.mask.scalars(as: Bool.self) == referenceMask(scores, Self.half))
    #expect(
      sparse.mask.scalars(as: Bool.self)
        != referenceMask(layer.weight.scalars(as: Float.self).map(\.magnitude), Self.half))
  }

  @Test func `the layers are back in their places when calibration fails`() throws {
    struct Failure: Error {}
    let model = try smallTransformer(seed: 16)
    let paths = model.slots.map(\.path)
    #expect(throws: Failure.self) { try model.inputNorms(of: paths) { throw Failure() } }
    #expect(throws: ModuleError.self) { try model.inputNorms(of: paths + ["nowhere"]) {} }
    #expect(model.linearLayers().count == 9)
  }

  /// Three steps under a new random plan each, with SGD: what no mask ever kept has not moved.
  @Test func `a supernet step moves only weights that some mask kept`() throws {
    let model = try smallTransformer(seed: 17)
    let space = SearchSpace(
      [1, 2].map { SparsityPattern(keeping: $0, of: 4) }, over: model.slots.map(\.path))
    let sampler = UniformSampler(space)
    var random = SplitMix64(seed: 18)
    let path = "blocks.0.mlp.fc1"
    try model.prune(to: space.plan(sampler.levels(using: &random)))
    let layer = try #require(model.sparseLayers().first { $0.path == path }?.layer)
    let before = layer.weight.scalars(as: Float.self)
    var everKept = [Bool](repeating: false, count: before.count)
    for step in 0..<3 {
      try model.prune(to: space.plan(sampler.levels(using: &random)))
      everKept = zip(everKept, layer.mask.scalars(as: Bool.self)).map { $0 || $1 }
      for parameter in model.parameters() { parameter.gradient = nil }
      model(Self.images(seed: UInt64(20 + step))).crossEntropy(Tensor([Int64](arrayLiteral: 1, 5, 7), shape: [3]))
        .backward()
      withNoGradient {
        for parameter in model.parameters() {
          if let gradient = parameter.gradient { parameter.addInPlace(gradient, scale: -0.1) }
        }
      }
    }
    let after = layer.weight.scalars(as: Float.self)
    #expect(zip(zip(before, after), everKept).allSatisfy { $1 || $0.0 == $0.1 })
    #expect(before != after)
  }
}
