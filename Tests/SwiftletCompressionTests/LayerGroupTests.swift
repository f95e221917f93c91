import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

@testable import SwiftletCompression

/// Neighbouring layers that share a latent.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LayerGroupTests {
  /// Of both layers, all heads together.
  private static func plan(_ model: LlamaModel, rank: Int, bits: Int? = nil) -> CompressionPlan {
    var (keys, values) = (
      LayerChoice(rank: rank, keyBits: bits), LayerChoice(rank: rank, valueBits: bits)
    )
    (keys.layerGroup, values.layerGroup) = (2, 2)
    return LowRankLlamaTests.plan(model, keys: keys, values: values)
  }

  private static func statistics(of model: LlamaModel) throws -> [KeyValueStatistics] {
    try model.keyValueStatistics(
      on: [LowRankLlamaTests.tokens(6, seed: 8), LowRankLlamaTests.tokens(4, seed: 9)], layerGroup: 2)
  }

  /// Law: what a least-squares fit leaves over does not follow from what it was fitted on.
  @Test(arguments: LowRankLlamaTests.shapes)
  func `of full rank the second layer's keys are all that follows from the first one's input`(
    shape: LowRankLlamaTests.Shape
  ) throws {
    let model = try shape.model()
    let statistics = try Self.statistics(of: model)
    let small = try model.decomposed(
      to: Self.plan(model, rank: min(32, 2 * shape.headWidth * shape.keyHeads)),
      with: KeyValueDecompositions(of: model, for: statistics))
    var inputs: [[Tensor]] = [[], []]
    for batch in [LowRankLlamaTests.tokens(6, seed: 8), LowRankLlamaTests.tokens(4, seed: 9)] {
      model.forEachAttentionInput(of: batch) { layer, _, x in inputs[layer].append(x.reshaped([-1, 32])) }
    }
    let (first, second) = (Tensor.concatenated(inputs[0], along: 0), Tensor.concatenated(inputs[1], along: 0))
    for side in CacheSide.allCases {
      let lender = try #require(small.blocks[0].attention[keyPath: side.layer] as? LowRankProjection)
      let borrower = try #require(small.blocks[1].attention[keyPath: side.layer] as? BorrowedProjection)
      #expect(borrower.lender === lender && borrower.layersBefore == 1)
      withNoGradient {
        let own = model.blocks[0].attention[keyPath: side.layer](first)
        #expect(distance(lender(first), own) <= 1e-4 * own.abs().max().item())
        let wanted = model.blocks[1].attention[keyPath: side.layer](second)
        let rest = (wanted - borrower(first)).transposed(0, 1).matmul(first)
        let scale = wanted.transposed(0, 1).matmul(first).abs().max().item()
        #expect(rest.abs().max().item() <= 2e-4 * scale, "\(side): \(rest.abs().max().item()) of \(scale)")
      }
    }
  }

  @Test(arguments: LowRankLlamaTests.shapes)
  func `less is lost with more ranks, and a folder gives the network back`(shape: LowRankLlamaTests.Shape) throws {
    let model = try shape.model()
    let decompositions = KeyValueDecompositions(of: model, for: try Self.statistics(of: model), remembers: true)
    var before = -1.0
    for rank in [16, 8, 4, 2] where rank <= 16 * shape.keyHeads {
      let damage = try LowRankLlamaTests.damage(
        model.decomposed(to: Self.plan(model, rank: rank), with: decompositions), shape)
      #expect(damage.isFinite && damage >= before * 0.9, "rank \(rank): \(damage) after \(before)")
      before = damage
    }
    let plan = Self.plan(model, rank: 6, bits: 4)
    let small = try model.decomposed(to: plan, with: decompositions)
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "small")
    try small.writeLowRank(to: place, plan: plan, method: decompositions.method)
    let read = try LlamaModel.lowRank(folder: place)
    let (expected, found) = withNoGradient { (small(LowRankLlamaTests.tokens()), read(LowRankLlamaTests.tokens())) }
    #expect(distance(found, expected) <= 1e-5)
  }

  @Test func `two layers keep what one latent takes`() throws {
    let model = try LowRankLlamaTests.shapes[1].model()
    let plan = Self.plan(model, rank: 6, bits: 4)
    for slot in model.slots where slot.kind.isCached {
      let choice = try #require(plan[slot.path])
      // 6 values of 4 bits and a grid, for two layers.
      #expect(try CostModel.cacheBytes(slot, choice) == 4 && CostModel.cacheMetadataBytes(slot, choice) == 2)
      // A matrix of 6 x 32 for both, and one of 16 x 6 for each.
      #expect(try CostModel.multiplyAdds(slot, choice) == 6 * 16 + 16 * 6)
    }
  }

  @Test func `ranks that layers share meet the allowance`() throws {
    let model = try LowRankLlamaTests.shapes[1].model()
    var planner = RankPlanner(slots: model.slots)
    (planner.layerGroup, planner.step) = (2, 2)
    let plan = try planner.plan(keeping: .share(0.5), by: .uniform)
    #expect(plan.choices.values.allSatisfy { $0.rank == 16 && $0.layerGroup == 2 } && plan.choices.count == 4)
    let bytes = try model.slots.reduce(0) { try $0 + CostModel.cacheBytes($1, plan[$1.path] ?? LayerChoice()) }
    #expect(bytes == 64)
    planner.layerGroup = 3
    #expect(throws: LowRankError.layers(2, group: 3, reason: .indivisible)) {
      try planner.plan(keeping: .share(0.5), by: .uniform)
    }
    planner.layerGroup = 2
    #expect(throws: LowRankError.self) {
      try planner.plan(keeping: .share(0.5), by: .waterFilling(energies: [:], costs: [:]))
    }
  }

  @Test func `layers that cannot share a latent are refused, and nothing changes`() throws {
    let model = try LowRankLlamaTests.shapes[1].model()
    let statistics = try Self.statistics(of: model)
    func refuses(_ reason: LayerGroupReason, _ plan: CompressionPlan, _ statistics: [KeyValueStatistics]) {
      let error = #expect(throws: LowRankError.self) { try model.decompose(to: plan, for: statistics) }
      guard case .layers(_, _, let found)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(found == reason && !"\(error.map { "\($0)" } ?? "")".contains("\n"))
      #expect(model.blocks.allSatisfy { $0.attention.key is Linear })
    }
    let keys = model.slots.filter { $0.kind == .keys }.map(\.path)
    var alone = LayerChoice(rank: 4)
    alone.layerGroup = 2
    refuses(.otherChoices, CompressionPlan([keys[0]: alone]), statistics)
    refuses(.indivisible, CompressionPlan([keys[1]: alone]), statistics)
    var whole = LayerChoice(rank: nil, headGroup: 1, keyBits: 4)
    whole.layerGroup = 2
    refuses(.noRank, CompressionPlan([keys[0]: whole, keys[1]: whole]), statistics)
    let apart = try model.keyValueStatistics(on: [LowRankLlamaTests.tokens()])
    refuses(.noStatistics, Self.plan(model, rank: 4), apart)
  }
}
