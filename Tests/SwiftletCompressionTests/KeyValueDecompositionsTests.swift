import SwiftletModels
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
        let parts = try decompositions(layer: 1, side, headGroup: group)
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

  @Test func `errors need samples`() throws {
    let model = try LowRankLlamaTests.shapes[0].model()
    let statistics = try model.keyValueStatistics(on: [LowRankLlamaTests.tokens()])
    let decompositions = KeyValueDecompositions(of: model, for: statistics)
    #expect(throws: LowRankError.noStatistics) {
      try decompositions.error(ofLayer: 0, .keys, under: LayerChoice(rank: 2, headGroup: 1))
    }
  }
}
