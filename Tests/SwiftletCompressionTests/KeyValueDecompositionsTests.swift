import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import TensorTestSupport
import Testing

@testable import SwiftletCompression

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct KeyValueDecompositionsTests {
  private typealias Shape = LowRankLlamaTests.Shape

  /// All 24 tokens of each batch of 6 are samples.
  private static func made(
    _ shape: Shape, weighs: Bool = true
  ) throws -> (model: LlamaModel, decompositions: KeyValueDecompositions) {
    let model = try shape.model()
    var method = LowRankMethod()
    (method.weighsKeys, method.weighsValues) = (weighs, weighs)
    let statistics = try model.keyValueStatistics(on: [LowRankLlamaTests.tokens(6, seed: 8)], samplesPerBatch: 1000)
    #expect(statistics.allSatisfy { $0.samples?.shape == [144, 32] })
    return (model, KeyValueDecompositions(of: model, for: statistics, by: method, remembers: true))
  }

  @Test(arguments: LowRankLlamaTests.shapes)
  func `a network under a plan is the one that is changed in place, and leaves its own as it is`(
    shape: LowRankLlamaTests.Shape
  ) throws {
    let (model, decompositions) = try Self.made(shape)
    let before = withNoGradient { model(LowRankLlamaTests.tokens()) }
    let plan = LowRankLlamaTests.plan(
      model, keys: LayerChoice(rank: 4, headGroup: 1, keyBits: 3),
      values: LayerChoice(rank: nil, headGroup: 1, valueBits: 4))
    let found = try model.decomposed(to: plan, with: decompositions)
    #expect(withNoGradient { model(LowRankLlamaTests.tokens()).isEqual(to: before) })
    let other = try shape.model()
    try other.decompose(to: plan, for: decompositions.statistics, by: decompositions.method)
    #expect(
      withNoGradient { found(LowRankLlamaTests.tokens()).isEqual(to: other(LowRankLlamaTests.tokens())) })
    #expect(found.embedding === model.embedding)
  }

  /// Law: what a rank loses on the tokens that the decomposition saw is the sum of the energies that it drops.
  @Test(arguments: LowRankLlamaTests.shapes)
  func `the error of a rank is the energy that it drops`(shape: LowRankLlamaTests.Shape) throws {
    let (_, decompositions) = try Self.made(shape)
    for side in CacheSide.allCases {
      for group in Set([1, shape.keyHeads]) {
        let parts = try decompositions.parts(ofLayer: 1, side, headGroup: group)
        let full = parts[0].fullRank
        for rank in [1, full / 2, full - 1, full] {
          let expected = parts.reduce(0) { $0 + $1.error(atRank: rank) } / 144
          let found = try decompositions.error(
            ofLayer: 1, side, under: LayerChoice(rank: rank, headGroup: group))
          let scale = parts.reduce(0) { $0 + $1.error(atRank: 0) } / 144
          #expect(
            abs(found - expected) <= 1e-5 * scale, "\(side), groups of \(group), rank \(rank): \(found), \(expected)")
        }
      }
    }
  }

  @Test(arguments: LowRankLlamaTests.shapes)
  func `fewer bits lose more, of latents and of whole heads`(shape: LowRankLlamaTests.Shape) throws {
    let (_, decompositions) = try Self.made(shape, weighs: false)
    for side in CacheSide.allCases {
      for rank in [6, nil] {
        var before = -1.0
        for bits in [16, 8, 4, 3, 2] {
          let choice = LayerChoice(
            rank: rank, headGroup: 1, keyBits: side == .keys ? bits : nil, valueBits: side == .values ? bits : nil)
          let error = try decompositions.error(ofLayer: 0, side, under: choice)
          #expect(
            error.isFinite && (bits >= 8 ? error >= before * 0.9 : error > before),
            "\(side), rank \(rank ?? 0), \(bits) bits: \(error) after \(before)")
          before = error
        }
        #expect(before > 0)
      }
      #expect(try decompositions.error(ofLayer: 0, side, under: LayerChoice()) == 0)
    }
  }

  /// Hand: what an error of a head of values costs is the square of what the output layer makes of it, over the heads of
  /// queries that read it.
  @Test(arguments: LowRankLlamaTests.shapes)
  func `errors of values cost what they are behind the output layer`(shape: LowRankLlamaTests.Shape) throws {
    let attention = try shape.model().blocks[0].attention
    let output = try #require(attention.output as? Linear).weight.detached().cast(to: .float64)
    let (width, shared) = (attention.headWidth, attention.heads / attention.keyHeads)
    let error = Tensor.normal([shape.keyHeads * width, 1], dataType: .float64, using: Generator(seed: 6))
    let weighting = OutputWeighting.values(0..<shape.keyHeads, of: attention, output: output)
    var expected = 0.0
    for query in 0..<attention.heads {
      let part = error.narrowed(along: 0, from: query / shared * width, count: width)
      let moved = output.narrowed(along: 1, from: query * width, count: width).matmul(part)
      expected += (moved * moved).sum().item()
    }
    let found = error.transposed(0, 1).matmul(weighting).matmul(error).sum().item()
    #expect(abs(found - expected) <= 1e-9 * expected)
  }

  /// Hand: what an error of one channel of the keys does to scores, squared, over all queries that meet it; where positions
  /// turn pairs, in the mean over a turn of the error.
  @Test(arguments: LowRankLlamaTests.shapes)
  func `errors of keys cost what they do to scores`(shape: LowRankLlamaTests.Shape) throws {
    let model = try shape.model()
    let ids = LowRankLlamaTests.tokens(3, seed: 8)
    let statistics = try model.keyValueStatistics(on: [ids])[0]
    let attention = model.blocks[0].attention
    let (width, shared) = (attention.headWidth, attention.heads / attention.keyHeads)
    let queries = withNoGradient {
      attention.query(model.blocks[0].norm1(model.embedding(ids))).reshaped([-1, attention.heads, width])
        .cast(to: .float64).scalars(as: Double.self)
    }
    let isTurned = if case .rotary = shape.positions { true } else { false }
    let found = OutputWeighting.keys(0..<shape.keyHeads, of: attention, statistics, turned: isTurned)
    let diagonal = found.diagonal().scalars(as: Double.self)
    #expect(abs((found * found).sum().item() - diagonal.reduce(0) { $0 + $1 * $1 }) <= 1e-9 * diagonal[0] * diagonal[0])
    let angles = isTurned ? (0..<8).map { 2 * Double.pi * Double($0) / 8 } : [0]
    for (place, cost) in diagonal.enumerated() {
      let (head, channel) = (place / width, place % width)
      let partner = (channel + width / 2) % width
      var expected = 0.0
      for start in stride(from: 0, to: queries.count, by: width)
      where start / width % attention.heads / shared == head {
        for angle in angles {
          let score = cos(angle) * queries[start + channel] + sin(angle) * queries[start + partner]
          expected += score * score / Double(angles.count)
        }
      }
      #expect(abs(cost - expected) <= 1e-6 * expected, "channel \(place)")
    }
  }

  /// Law: what methods with the same bases share is what each makes alone.
  @Test func `another rotation finds what was made`() throws {
    let (model, decompositions) = try Self.made(LowRankLlamaTests.shapes[1])
    let plan = LowRankLlamaTests.plan(
      model, keys: LayerChoice(rank: 4, headGroup: 1, keyBits: 3),
      values: LayerChoice(rank: 4, headGroup: 1, valueBits: 3))
    _ = try model.decomposed(to: plan, with: decompositions)
    for (rotation, whole) in [(LatentRotation.random, WholeTokens(newest: 2)), (.none, WholeTokens(first: 1))] {
      var method = decompositions.method
      (method.rotation, method.seed, method.whole) = (rotation, 3, whole)
      #expect(method.bases == decompositions.method.bases)
      let (found, alone) = try (
        model.decomposed(to: plan, with: decompositions.with(method)),
        model.decomposed(to: plan, with: KeyValueDecompositions(of: model, for: decompositions.statistics, by: method))
      )
      #expect(withNoGradient { found(LowRankLlamaTests.tokens()).isEqual(to: alone(LowRankLlamaTests.tokens())) })
    }
  }

  @Test func `a method is told by its words`() {
    var method = LowRankMethod()
    #expect(method.description == "eigen, hadamard rotation" && method.differences.isEmpty)
    (method.rotation, method.seed, method.weighsKeys, method.weighsValues) = (.random, 3, true, true)
    method.whole = WholeTokens(newest: 64, first: 4)
    #expect(
      method.description
        == "eigen, random rotation, seed 3, weighed keys and values, 64 newest and 4 first tokens whole")
    (method.weighsValues, method.whole.newest, method.route) = (false, 0, .cholesky)
    #expect(method.differences == ["cholesky", "random rotation", "seed 3", "weighed keys", "4 first tokens whole"])
  }

  @Test func `errors need samples`() throws {
    let model = try LowRankLlamaTests.shapes[0].model()
    let statistics = try model.keyValueStatistics(on: [LowRankLlamaTests.tokens()])
    let decompositions = KeyValueDecompositions(of: model, for: statistics)
    #expect(throws: LowRankError.noSamples) {
      try decompositions.error(ofLayer: 0, .keys, under: LayerChoice(rank: 2, headGroup: 1))
    }
  }
}
