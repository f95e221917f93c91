import SwiftletModels
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletPlans

@Suite struct PlanSamplerTests {
  static let cost = DeiTConfiguration.base.multiplyAdds.published
  static let levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
  static let space = SearchSpace(levels, over: cost.slots.map(\.path))

  /// Giga multiply-adds of the whole model.
  static func work(_ levels: [Int]) throws -> Double {
    Double(cost.fixed + KnapsackTests.sum(try costs.get(), levels)) / 1e9
  }

  static let costs = Result { try PlanCosts.multiplyAdds(of: space, in: cost).levels }

  @Test func `equal seeds draw equal sequences, whatever the sampler`() throws {
    let costs = try Self.costs.get()
    let samplers: [any PlanSampler] = [
      UniformSampler(Self.space), try StratifiedSampler(Self.space),
      try WindowSampler(costs: costs, budget: 4_000_000_000...6_000_000_000),
    ]
    for sampler in samplers {
      var (first, second, other) = (SplitMix64(seed: 1), SplitMix64(seed: 1), SplitMix64(seed: 2))
      let sequence = (0..<20).map { _ in sampler.levels(using: &first) }
      #expect(sequence == (0..<20).map { _ in sampler.levels(using: &second) })
      #expect(sequence != (0..<20).map { _ in sampler.levels(using: &other) })
    }
  }

  /// Oracle: the published marginals .369, .251 and .380, and quantiles of the work on DeiT-B.
  @Test func `stratified draws have the published marginals`() throws {
    let sampler = try StratifiedSampler(Self.space)
    var random = SplitMix64(seed: 3)
    var counts = [0, 0, 0]
    var work: [Double] = []
    let draws = 4000
    for _ in 0..<draws {
      let levels = sampler.levels(using: &random)
      for level in levels { counts[level] += 1 }
      work.append(try Self.work(levels))
    }
    let marginals = counts.map { Double($0) / Double(48 * draws) }
    for (marginal, published) in zip(marginals, [0.369, 0.251, 0.380]) {
      #expect(abs(marginal - published) < 0.012, "\(marginals)")  // Four standard errors of 4000 draws.
    }
    work.sort()
    for (share, published) in [(0.05, 5.48), (0.25, 7.63), (0.5, 10.25), (0.75, 14.08), (0.95, 16.93)] {
      #expect(abs(work[Int(share * Double(draws))] - published) < 0.45, "quantile \(share)")
    }
  }

  @Test func `stratified draws reach every size`() throws {
    let sampler = try StratifiedSampler(Self.space)
    var random = SplitMix64(seed: 4)
    var sizes = Set<Int>()
    for _ in 0..<2500 { sizes.insert(sampler.levels(using: &random).reduce(0, +)) }
    #expect(sizes == Set(0...96))
  }

  /// Oracle: all plans of a small space, bucket by bucket, as the method states it.
  @Test func `stratified draws are as likely as the definition says`() throws {
    let space = SearchSpace(Self.levels, over: ["a", "b", "c"])
    var vectors: [Int: Set<[Int]>] = [:]
    let plans = KnapsackTests.everyChoice([3, 3, 3])
    func counts(_ plan: [Int]) -> [Int] { (0..<3).map { level in plan.count { $0 == level } } }
    for plan in plans { vectors[plan.reduce(0, +), default: []].insert(counts(plan)) }
    let sampler = try StratifiedSampler(space)
    var random = SplitMix64(seed: 5)
    var seen: [[Int]: Int] = [:]
    let draws = 60_000
    for _ in 0..<draws { seen[sampler.levels(using: &random), default: 0] += 1 }
    for plan in plans {
      let alike = plans.count { counts($0) == counts(plan) }
      let bucket = vectors[plan.reduce(0, +)] ?? []
      let expected = Double(draws) / 7 / Double(bucket.count) / Double(alike)
      #expect(abs(Double(seen[plan] ?? 0) - expected) < 5 * expected.squareRoot(), "\(plan)")
    }
  }

  /// Oracle: the mean of the levels is 7/12 of the dense work, and the published deviation is .80 G.
  @Test func `uniform draws crowd in the middle`() throws {
    let sampler = UniformSampler(Self.space)
    var random = SplitMix64(seed: 6)
    let work = try (0..<2000).map { _ in try Self.work(sampler.levels(using: &random)) }
    let mean = work.reduce(0, +) / 2000
    let deviation = (work.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2000).squareRoot()
    let expected =
      Double(Self.cost.fixed + 7 * Self.cost.slots.reduce(0) { $0 + $1.dense } / 12) / 1e9
    #expect(abs(mean - expected) < 4 * 0.80 / Double(2000).squareRoot())
    #expect(abs(deviation - 0.80) < 0.05)
  }

  @Test func `windowed draws stay in the window and cover it evenly`() throws {
    let space = SearchSpace(Self.levels, over: ["a", "b", "c", "d"])
    let costs = [[1, 2, 4], [3, 6, 12], [4, 8, 16], [4, 8, 16]]
    let inside = KnapsackTests.everyChoice([3, 3, 3, 3]).filter { (17...23).contains(KnapsackTests.sum(costs, $0)) }
    let sampler = try WindowSampler(costs: costs, budget: 17...23)
    var random = SplitMix64(seed: 7)
    var seen: [[Int]: Int] = [:]
    for _ in 0..<20_000 { seen[sampler.levels(using: &random), default: 0] += 1 }
    #expect(Set(seen.keys) == Set(inside))
    let expected = 20_000 / Double(inside.count)
    for (plan, count) in seen { #expect(abs(Double(count) - expected) < 5 * expected.squareRoot(), "\(plan)") }
    #expect(space.plan([0, 1, 2, 0])["c"]?.pattern == SparsityPattern(keeping: 4, of: 4))
  }

  @Test func `a narrow window of the large model is drawn from without rejection`() throws {
    let costs = try Self.costs.get()
    let fixed = Self.cost.fixed
    let budget = (5_900_000_000 - fixed)...(6_010_000_000 - fixed)
    let sampler = try WindowSampler(costs: costs, budget: budget)
    var random = SplitMix64(seed: 8)
    for _ in 0..<200 { #expect((5.9...6.01).contains(try Self.work(sampler.levels(using: &random)))) }
  }

  @Test func `what cannot be met is an error at once`() throws {
    let costs = try Self.costs.get()
    #expect(throws: BudgetError.self) { try WindowSampler(costs: costs, budget: 0...1_000_000_000) }
    #expect(throws: BudgetError.self) { try WindowSampler(costs: [[0, 20], [0, 20]], budget: 21...29) }
    let uneven = SearchSpace([
      SearchSpace.Slot(path: "a", levels: [LayerChoice(pattern: .dense)]),
      SearchSpace.Slot(path: "b", levels: Self.levels.map { LayerChoice(pattern: $0) }),
    ])
    #expect(throws: BudgetError.unequalLevels) { try StratifiedSampler(uneven) }
  }
}
