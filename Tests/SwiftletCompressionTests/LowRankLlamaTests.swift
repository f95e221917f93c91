import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import TensorTestSupport
import Testing

@testable import SwiftletCompression

/// Laws O1, O5, O6, O13 and O15 on small networks: one head of keys for each of queries and shared ones, with and without
/// biases, turned and not, heads that are no part of the width, and a window.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LowRankLlamaTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    let keyHeads: Int
    let bias: LlamaConfiguration.AttentionBias
    let positions: LlamaConfiguration.Positions
    var headWidth = 8
    /// Of the first layer.
    var window: Int?

    var testDescription: String {
      "\(keyHeads) heads of \(headWidth) keys, biases \(bias), positions \(positions), window \(window ?? 0)"
    }

    func model(seed: UInt64 = 1) throws -> LlamaModel {
      var configuration = LlamaConfiguration(
        vocabulary: 50, width: 32, hidden: 48, layers: 2, heads: 4, keyHeads: keyHeads, headWidth: headWidth,
        context: 64)
      (configuration.attentionBias, configuration.positions) = (bias, positions)
      configuration.windows[0] = window
      let generator = Generator(seed: seed)
      let model = try LlamaModel(configuration, using: generator)
      // Weights that make attention look somewhere, and biases that are not 0.
      withNoGradient {
        for (path, tensor) in model.namedParameters() where path.contains("self_attn") || path.contains("embed") {
          _ = tensor.normalInPlace(standardDeviation: path.hasSuffix("bias") ? 0.5 : 0.3, using: generator)
        }
      }
      return model
    }
  }

  static let shapes = [
    Shape(keyHeads: 4, bias: .none, positions: .rotary(base: 10_000)),
    Shape(keyHeads: 2, bias: .queryKeyValue, positions: .rotary(base: 10_000)),
    Shape(keyHeads: 2, bias: .all, positions: .none),
    Shape(keyHeads: 1, bias: .none, positions: .linearBiases),
    Shape(keyHeads: 4, bias: .all, positions: .rotary(base: 10_000)),
    Shape(keyHeads: 2, bias: .none, positions: .rotary(base: 10_000), headWidth: 12, window: 9),
  ]

  static func tokens(_ count: Int = 2, seed: UInt64 = 3) -> Tensor {
    Tensor.uniform([count, 24], in: 0..<50, using: Generator(seed: seed)).floor().cast(to: .int64)
  }

  /// A choice for all keys and one for all values.
  static func plan(_ model: LlamaModel, keys: LayerChoice, values: LayerChoice) -> CompressionPlan {
    CompressionPlan(
      Dictionary(
        uniqueKeysWithValues: model.slots.compactMap { slot in
          switch slot.kind {
          case .keys: (slot.path, keys)
          case .values: (slot.path, values)
          default: nil
          }
        }))
  }

  static func compressed(
    _ shape: Shape, keys: LayerChoice, values: LayerChoice, by method: LowRankMethod = LowRankMethod()
  ) throws -> LlamaModel {
    let model = try shape.model()
    let statistics = try model.keyValueStatistics(on: [tokens(6, seed: 8), tokens(1, seed: 9)])
    try model.decompose(to: plan(model, keys: keys, values: values), for: statistics, by: method)
    return model
  }

  /// The largest difference over the largest score.
  static func relativeDistance(_ found: Tensor, _ expected: Tensor) -> Double {
    distance(found, expected) / expected.detached().abs().max().item()
  }

  @Test(arguments: shapes) func `full rank changes no score, whatever the rotation`(shape: Shape) throws {
    let expected = try withNoGradient { try shape.model()(Self.tokens()) }
    for rotation in LatentRotation.allCases {
      for heads in Set([1, shape.keyHeads]) {
        var method = LowRankMethod()
        (method.rotation, method.weighsKeys, method.weighsValues) = (rotation, heads == 1, heads == 1)
        let choice = LayerChoice(rank: shape.headWidth * heads, headGroup: heads)
        let model = try Self.compressed(shape, keys: choice, values: choice, by: method)
        let found = withNoGradient { model(Self.tokens()) }
        #expect(Self.relativeDistance(found, expected) <= 1e-5, "\(rotation), groups of \(heads)")
      }
    }
  }

  /// Low rank alone: whatever the rotation, the same scores.
  @Test(arguments: shapes) func `a rotation changes no score as long as nothing is rounded`(shape: Shape) throws {
    let choice = LayerChoice(rank: 5, headGroup: 1)
    var scores: [Tensor] = []
    for rotation in LatentRotation.allCases {
      var method = LowRankMethod()
      method.rotation = rotation
      let model = try Self.compressed(shape, keys: choice, values: choice, by: method)
      scores.append(withNoGradient { model(Self.tokens()) })
    }
    #expect(Self.relativeDistance(scores[1], scores[0]) <= 1e-5)
    #expect(Self.relativeDistance(scores[2], scores[0]) <= 1e-5)
  }

  /// Oracle O5: heads of values in another basis, which the output layer undoes, are the same network, and stay so.
  @Test(arguments: shapes) func `values in another basis lose the same`(shape: Shape) throws {
    let (own, turned) = try (shape.model(), shape.model())
    for block in turned.blocks { try Self.turnValues(of: block.attention) }
    #expect(Self.relativeDistance(turned(Self.tokens()), own(Self.tokens())) <= 1e-5)
    for (heads, weighs) in [(1, false), (shape.keyHeads, false), (1, true), (shape.keyHeads, true)] {
      var method = LowRankMethod()
      method.weighsValues = weighs
      let choice = LayerChoice(rank: 5, headGroup: heads)
      let scores = try [own, turned].map { model in
        let small = try model.decomposed(
          to: Self.plan(model, keys: choice, values: choice),
          with: KeyValueDecompositions(
            of: model, for: model.keyValueStatistics(on: [Self.tokens(6, seed: 8)]), by: method))
        return withNoGradient { small(Self.tokens()) }
      }
      #expect(Self.relativeDistance(scores[1], scores[0]) <= 1e-4, "groups of \(heads), weighed: \(weighs)")
    }
  }

  /// `O W_v` and `O b_v` of each head, and `W_o Oᵀ` of the heads of queries that read it.
  private static func turnValues(of attention: LlamaAttention) throws {
    let (value, output) = (try #require(attention.value as? Linear), try #require(attention.output as? Linear))
    let (width, shared) = (attention.headWidth, attention.heads / attention.keyHeads)
    for head in 0..<attention.keyHeads {
      let turn = try #require(LatentRotation.random.matrix(width: width, seed: head)).cast(to: .float32)
      withNoGradient {
        let rows = value.weight.narrowed(along: 0, from: head * width, count: width)
        _ = rows.copyInPlace(from: turn.matmul(rows))
        if let bias = value.bias?.narrowed(along: 0, from: head * width, count: width) {
          _ = bias.copyInPlace(from: turn.matmul(bias.unsqueezed(1)).reshaped([width]))
        }
        for query in head * shared..<(head + 1) * shared {
          let columns = output.weight.narrowed(along: 1, from: query * width, count: width)
          _ = columns.copyInPlace(from: columns.matmul(turn.transposed(0, 1)))
        }
      }
    }
  }

  static func damage(_ model: LlamaModel, _ shape: Shape) throws -> Double {
    try withNoGradient {
      let (expected, found) = try (shape.model()(tokens(4)).softmax(along: -1), model(tokens(4)).softmax(along: -1))
      return (expected * (expected.log() - found.log())).sum(along: [-1]).mean().item()
    }
  }

  @Test(arguments: shapes) func `what is kept decides what is lost, by rank and by bits`(shape: Shape) throws {
    var before = -1.0
    for rank in [8, 6, 4, 2] {
      let choice = LayerChoice(rank: rank, headGroup: 1)
      let damage = try Self.damage(Self.compressed(shape, keys: choice, values: choice), shape)
      #expect(damage >= before * 0.995 - 1e-9, "rank \(rank): \(damage) after \(before)")
      before = damage
    }
    before = -1
    for bits in [16, 8, 4, 3, 2] {
      let damage = try Self.damage(
        Self.compressed(
          shape, keys: LayerChoice(rank: 6, headGroup: 1, keyBits: bits),
          values: LayerChoice(rank: 6, headGroup: 1, valueBits: bits)), shape)
      #expect(damage >= before * 0.9 - 1e-6, "\(bits) bits: \(damage) after \(before)")
      before = damage
    }
  }

  @Test(arguments: shapes) func `keys alone and values alone are rounded where only they have bits`(shape: Shape) throws
  {
    let whole = LayerChoice(rank: 6, headGroup: 1)
    let plain = try Self.damage(Self.compressed(shape, keys: whole, values: whole), shape)
    let keys = try Self.compressed(shape, keys: LayerChoice(rank: 6, headGroup: 1, keyBits: 2), values: whole)
    let values = try Self.compressed(shape, keys: whole, values: LayerChoice(rank: 6, headGroup: 1, valueBits: 2))
    for (model, side) in [(keys, "keys"), (values, "values")] {
      #expect(try Self.damage(model, shape) > plain, "\(side)")
      let attention = model.blocks[0].attention
      #expect(((attention.key as? LowRankProjection)?.quantizer != nil) == (side == "keys"))
      #expect(((attention.value as? LowRankProjection)?.quantizer != nil) == (side == "values"))
    }
  }

  @Test(arguments: shapes) func `full rank in few bits, turned or channel by channel`(shape: Shape) throws {
    var damages: [Double] = []
    for bits in [8, 4, 2] {
      let model = try Self.compressed(
        shape, keys: .bits(key: bits), values: .bits(value: bits))
      #expect(model.blocks[1].attention.memory is RotatedKeyValueMemory)
      damages.append(try Self.damage(model, shape))
    }
    #expect(damages == damages.sorted() && damages[0] > 0 && damages[0] < 0.1 * damages[2], "\(damages)")

    let channels = try shape.model()
    for block in channels.blocks {
      let memory = try ChannelwiseKeyValueMemory(bits: 8, headWidth: shape.headWidth, block: 8)
      (block.attention.memory, block.attention.whole) = (memory, memory.whole)
    }
    #expect(try Self.damage(channels, shape) < damages[2])
    #expect(throws: LowRankError.indivisibleLatent(width: 8, group: 3)) {
      try ChannelwiseKeyValueMemory(bits: 2, headWidth: 8, valueGroup: 3)
    }
    // 24 tokens are fewer than a block of 32: all keys are whole.
    let memory = try ChannelwiseKeyValueMemory(bits: 2, headWidth: 8, block: 32)
    let keys = Tensor.normal([1, 2, 24, 8], using: Generator(seed: 5))
    #expect(distance(memory.keys(keys), keys) == 0)
    let longer = Tensor.normal([1, 2, 40, 8], using: Generator(seed: 5))
    let tail = longer.narrowed(along: 2, from: 32, count: 8)
    #expect(distance(memory.keys(longer).narrowed(along: 2, from: 32, count: 8), tail) == 0)
    #expect(distance(memory.keys(longer), longer) > 0)
  }

  /// Oracle O13: what a cache holds of a text is, to the byte, what a plan is said to cost; and it gives back what attention saw.
  @Test(arguments: shapes, [2, 3, 4, 8]) func `packed latents take the bytes that a plan costs`(
    shape: Shape, bits: Int
  ) throws {
    for latentGroup in [nil, 3] {
      var (key, value) = (
        LayerChoice(rank: 6, headGroup: 1, keyBits: bits), LayerChoice(rank: 3, headGroup: 1, valueBits: bits)
      )
      (key.latentGroup, value.latentGroup) = (latentGroup, latentGroup)
      let model = try Self.compressed(shape, keys: key, values: value)
      var (held, promised) = (0, 0)
      for (layer, block) in model.blocks.enumerated() {
        let x = withNoGradient {
          Tensor.normal([24, 32], using: Generator(seed: UInt64(layer)))
        }
        for (projection, choice) in [(block.attention.key, key), (block.attention.value, value)] {
          let projection = try #require(projection as? LowRankProjection)
          let latents = withNoGradient { projection.latents(x) }
          var packed = try PackedLatents(
            width: projection.groups * projection.rank,
            quantizer: LatentQuantizer(bits: bits, group: choice.latentGroup ?? projection.rank))
          packed.append(latents.scalars(as: Float.self))
          held += packed.byteCount
          let seen = withNoGradient { projection.rememberedLatents(x) }.scalars(as: Float.self)
          #expect((0..<24).flatMap { packed.values(ofToken: $0) } == seen)
        }
      }
      for slot in model.slots {
        promised +=
          24 * (try CostModel.cacheBytes(slot, slot.kind == .keys ? key : slot.kind == .values ? value : .init()))
      }
      #expect(held == promised, "\(bits) bits, grids of \(latentGroup ?? 0)")
    }
  }

  /// Statistics layer by layer are those of the whole network at once.
  @Test func `statistics are those of what each layer reads`() throws {
    let model = try Self.shapes[1].model()
    let batches = [Self.tokens(3, seed: 8), Self.tokens(1, seed: 9)]
    let found = try model.keyValueStatistics(on: batches)
    var expected = InputProducts(inputs: 32)
    withNoGradient {
      for ids in batches { expected.add(model.blocks[0].norm1(model.embedding(ids))) }
    }
    #expect(found.count == 2 && found[0].inputs.tokens == 4 * 24)
    #expect(distance(found[0].inputs.sums, expected.sums) <= 1e-9)
    #expect(distance(found[1].inputs.sums, expected.sums) > 1)
    #expect(found[0].queryEnergies.shape == [4, 8])
    // Of eight samples none is the first token of one of the windows.
    let sampled = try model.keyValueStatistics(on: [Self.tokens(4, seed: 8)], samplesPerBatch: 8)[0].samples
    let first = withNoGradient {
      model.blocks[0].norm1(model.embedding(Self.tokens(4, seed: 8))).narrowed(along: 1, from: 0, count: 1).reshaped([
        4, 32,
      ])
    }
    for sample in 0..<8 {
      let row = try #require(sampled).narrowed(along: 0, from: sample, count: 1)
      #expect(withNoGradient { (first - row).abs().sum(along: [1]).min().item() } > 1e-3)
    }
  }

  @Test func `what cannot be carried out is refused before anything changes`() throws {
    let model = try Self.shapes[0].model()
    let statistics = try model.keyValueStatistics(on: [Self.tokens()])
    func message(_ keys: LayerChoice) -> String {
      do {
        try model.decompose(to: Self.plan(model, keys: keys, values: LayerChoice()), for: statistics)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(LayerChoice(rank: 9, headGroup: 1)).contains("rank"))
    #expect(!message(LayerChoice(rank: 4, headGroup: 3)).isEmpty)
    #expect(!message(LayerChoice(rank: 4, headGroup: 1, keyBits: 5)).isEmpty)
    #expect(!message(LayerChoice(pattern: .init(keeping: 2, of: 4))).isEmpty)
    // The second layer cannot be done, and the first is left alone.
    var plan = Self.plan(model, keys: LayerChoice(), values: LayerChoice())
    plan["model.layers.0.self_attn.k_proj"] = LayerChoice(rank: 4, headGroup: 1)
    plan["model.layers.1.self_attn.k_proj"] = LayerChoice(rank: nil, keyBits: 4)
    #expect(throws: LowRankError.indivisibleHeads(heads: 4, group: 4)) {
      try model.decompose(to: plan, for: statistics)
    }
    #expect(model.blocks.allSatisfy { $0.attention.key is Linear })
  }
}

extension LayerChoice {
  /// Whole heads in few bits.
  static func bits(key: Int? = nil, value: Int? = nil) -> LayerChoice {
    LayerChoice(rank: nil, headGroup: 1, keyBits: key, valueBits: value)
  }
}

/// A decomposed network on disk.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LowRankFolderTests {
  @Test(arguments: LowRankLlamaTests.shapes)
  func `what is written comes back with the same scores`(shape: LowRankLlamaTests.Shape) throws {
    let model = try shape.model()
    var plan = LowRankLlamaTests.plan(
      model, keys: LayerChoice(rank: 6, headGroup: 1, keyBits: 4), values: .bits(value: 3))
    plan["model.layers.1.self_attn.k_proj"] = LayerChoice()
    plan["model.layers.1.self_attn.v_proj"] = LayerChoice(rank: 4, headGroup: 1)
    var method = LowRankMethod()
    (method.rotation, method.seed, method.whole) = (.random, 7, WholeTokens(newest: 3, first: 1))
    try model.decompose(to: plan, for: model.keyValueStatistics(on: [LowRankLlamaTests.tokens(6)]), by: method)

    let folder = FileManager.default.temporaryDirectory.appending(path: "low-rank-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try model.writeLowRank(to: folder, plan: plan, method: method)
    #expect(LlamaModel.isLowRank(folder: folder))
    let again = try LlamaModel.lowRank(folder: folder)
    let ids = LowRankLlamaTests.tokens()
    let scores = withNoGradient { (model(ids), again(ids)) }
    #expect(distance(scores.0, scores.1) == 0)
    // The plain reader names what is missing, and another plan does not fit the weights.
    #expect(throws: ModuleError.self) { try LlamaModel(folder: folder) }
    try Data(
      #"{"format": "swiftlet.plan", "version": 2, "layers": []}"#.utf8
    ).write(to: folder.appending(path: "plan.json"))
    #expect(throws: ModuleError.self) { try LlamaModel.lowRank(folder: folder) }
    try Data("{}".utf8).write(to: folder.appending(path: "cache.json"))
    #expect(throws: (any Error).self) { try LlamaModel.lowRank(folder: folder) }
  }
}
