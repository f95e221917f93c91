import SwiftletModels
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletPlans

@Suite struct PlanCostsTests {
  static let patterns = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }

  /// Plans over DeiT-S with any level and precision in each slot.
  static func draws(_ count: Int, seed: UInt64) -> (SearchSpace, [[Int]]) {
    let model = DeiTConfiguration.small.multiplyAdds
    let space = SearchSpace(patterns, precisions: Precision.allCases, over: model.slots.map(\.path))
    var random = SplitMix64(seed: seed)
    let sampler = UniformSampler(space)
    return (space, (0..<count).map { _ in sampler.levels(using: &random) })
  }

  /// Oracle: the count over a whole plan, which knows nothing of spaces.
  @Test func `sums over slots equal what the plan costs as a whole`() throws {
    let model = DeiTConfiguration.small.multiplyAdds
    let (space, draws) = Self.draws(50, seed: 1)
    let work = try PlanCosts.multiplyAdds(of: space, in: model)
    let bytes = try PlanCosts.packedBytes(of: space, in: model)
    for levels in draws {
      let plan = space.plan(levels)
      #expect(try work.total(of: levels) == model.published.total(under: plan))
      #expect(try bytes.total(of: levels) == model.packedBytes(under: plan))
      #expect(space.levels(of: plan) == levels)
    }
    #expect(work.dense == model.published.dense)
    #expect(try bytes.dense == model.packedBytes(under: CompressionPlan()))
  }

  @Test func `layers outside the space stay dense`() throws {
    let model = DeiTConfiguration.tiny.multiplyAdds.published
    let some = SearchSpace(Self.patterns, over: model.slots.prefix(5).map(\.path))
    let costs = try PlanCosts.multiplyAdds(of: some, in: model)
    #expect(costs.dense == model.dense)
    #expect(costs.total(of: [2, 2, 2, 2, 2]) == model.dense)
    #expect(try costs.total(of: [0, 1, 2, 1, 0]) == model.total(under: some.plan([0, 1, 2, 1, 0])))
  }

  /// Oracle: bits per weight of the specification's table, 2:4 in int8 5.0, in 16 bits 9.0, 1:4 in 16 bits 4.5.
  @Test(arguments: [("2:4", Precision.int8, 5.0), ("2:4", .bf16, 9), ("1:4", .bf16, 4.5), ("4:4", .int8, 8)])
  func `bytes count values and places`(pattern: String, precision: Precision, bits: Double) throws {
    let model = DeiTConfiguration.base.multiplyAdds
    let space = SearchSpace(
      [try SparsityPattern(parsing: pattern)], precisions: [precision], over: model.slots.map(\.path))
    let costs = try PlanCosts.packedBytes(of: space, in: model)
    #expect(costs.total(of: space.slots.map { _ in 0 }) == Int(bits * Double(model.weights) / 8))
  }

  @Test func `rounding keeps every total within half a unit a slot`() {
    var random = SplitMix64(seed: 3)
    let levels = (0..<24).map { _ in (0..<9).map { _ in Int.random(in: 10_000...90_000, using: &random) } }
    let costs = PlanCosts(.nanoseconds, fixed: 123_457, levels: levels, dense: 2_000_000)
    let rounded = costs.rounded(toSums: 1000)
    let unit = (costs.range.upperBound - costs.range.lowerBound + 999) / 1000
    for (row, exact) in zip(rounded.levels, levels) {
      for (value, time) in zip(row, exact) {
        #expect(value.isMultiple(of: unit))
        #expect(abs(value - time) * 2 <= unit)
      }
    }
    #expect(rounded.fixed == costs.fixed && rounded.dense == costs.dense)
    #expect((try? WindowSampler(costs: rounded.levels, budget: 0...Int.max)) != nil)
  }

  @Test func `a space of another model is refused`() {
    let model = DeiTConfiguration.tiny.multiplyAdds.published
    #expect(throws: CompressionPlanError.self) {
      try PlanCosts.multiplyAdds(of: SearchSpace(Self.patterns, over: ["head"]), in: model)
    }
    #expect(throws: CompressionPlanError.self) {
      try PlanCosts.packedBytes(
        of: SearchSpace([SparsityPattern(keeping: 2, of: 5)], over: ["blocks.0.attn.qkv"]), in: model)
    }
  }
}
