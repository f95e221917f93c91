import SwiftletModels
import SwiftletPlans
import SwiftletTensor
import Testing

@testable import SwiftletCompression

@Suite struct RankPlannerTests {
  /// 4 layers of 8 heads of 16 channels.
  static let slots = LlamaConfiguration(
    vocabulary: 100, width: 256, hidden: 512, layers: 4, heads: 16, keyHeads: 8, headWidth: 16, context: 64
  ).slots

  static func bytes(_ plan: CompressionPlan) throws -> Int {
    try slots.reduce(0) { try $0 + CostModel.cacheBytes($1, plan[$1.path] ?? LayerChoice()) }
  }

  @Test(arguments: [nil, 8, 4, 3, 2], [1, 2, 4, 8])
  func `a plan of so many bytes takes them, but for less than a step`(bits: Int?, headGroup: Int) throws {
    var planner = RankPlanner(slots: Self.slots)
    (planner.headGroup, planner.step) = (headGroup, 4)
    let dense = 4 * 2 * 8 * 16 * 2
    for share in [0.9, 0.5, 0.3, 0.2] {
      let allowed = Int(share * Double(dense))
      let plan: CompressionPlan
      do {
        plan = try planner.plan(keeping: .bytesPerToken(allowed), bits: bits, by: .uniform)
      } catch LowRankError.bytesPerToken(_, let least) {
        #expect(least > allowed)
        continue
      }
      let taken = try Self.bytes(plan)
      let full = plan.choices.values.allSatisfy { $0.rank == 16 * headGroup }
      let stepBytes = 4 * (8 / headGroup) * (bits ?? 16) / 8
      #expect(taken <= allowed, "\(share)")
      #expect(full || taken > allowed - stepBytes - 8, "\(share): \(taken) of \(allowed)")
      try plan.validate(for: Self.slots)
    }
  }

  @Test func `uniform plans keep the share everywhere, and all keeps all`() throws {
    var planner = RankPlanner(slots: Self.slots)
    planner.headGroup = 4
    for (share, rank) in [(1.0, 64), (0.5, 32), (0.25, 16)] {
      let plan = try planner.plan(keeping: .share(share), by: .uniform)
      #expect(plan.choices.count == 8)
      #expect(plan.choices.values.allSatisfy { $0.rank == rank && $0.headGroup == 4 && $0.keyBits == nil })
    }
    let plan = try planner.plan(keeping: .share(0.5), bits: 3, by: .uniform)
    for slot in planner.slots {
      let choice = try #require(plan[slot.path])
      #expect(choice.keyBits == (slot.kind == .keys ? 3 : nil) && choice.valueBits == (slot.kind == .keys ? nil : 3))
    }
  }

  @Test func `weights and energies move ranks to where they count, and the sum stays`() throws {
    var planner = RankPlanner(slots: Self.slots)
    (planner.headGroup, planner.step) = (4, 4)
    let paths = planner.slots.map(\.path)
    let weights = Dictionary(uniqueKeysWithValues: paths.enumerated().map { ($1, Double($0 + 1)) })
    func ranks(_ rule: RankPlanner.Rule) throws -> [Int] {
      let plan = try planner.plan(keeping: .share(0.5), by: rule)
      return paths.map { plan[$0]?.rank ?? 0 }
    }
    let proportional = try ranks(.proportional(weights))
    #expect(proportional.reduce(0, +) == 8 * 32 && proportional == proportional.sorted())
    let falling = (0..<64).map { 1 / Double($0 + 1) }
    let energies = Dictionary(uniqueKeysWithValues: paths.map { ($0, falling) })
    let filled = try ranks(.waterFilling(energies: energies, costs: weights))
    #expect(filled.reduce(0, +) == 8 * 32 && filled == filled.sorted() && filled[0] < filled[7])
    let even = try ranks(.waterFilling(energies: energies, costs: weights.mapValues { _ in 1 }))
    #expect(even == [Int](repeating: 32, count: 8))
  }

  @Test func `what cannot be planned is refused`() {
    var planner = RankPlanner(slots: Self.slots)
    #expect(throws: LowRankError.bits(5)) { try planner.plan(keeping: .share(0.5), bits: 5, by: .uniform) }
    #expect(throws: LowRankError.share(0.01, least: 0.0625)) { try planner.plan(keeping: .share(0.01), by: .uniform) }
    // Rank 8 of all heads together, in 4 bits with a grid, for four layers' keys and values.
    let bytes = #expect(throws: LowRankError.self) {
      try planner.plan(keeping: .bytesPerToken(63), bits: 4, by: .uniform)
    }
    #expect(
      bytes?.description.hasPrefix("63 bytes a token cannot be met, the least ranks take 64: allow more") ?? false)
    planner.headGroup = 3
    #expect(throws: LowRankError.indivisibleHeads(heads: 8, group: 3)) {
      try planner.plan(keeping: .share(0.5), by: .uniform)
    }
  }

  /// The mean size of a projection's gradients, each found by moving its weight.
  @Test(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
  func `Fisher information is that of the next token`() throws {
    let configuration = LlamaConfiguration(
      vocabulary: 11, width: 8, hidden: 8, layers: 1, heads: 2, keyHeads: 1, headWidth: 4, context: 16)
    let generator = Generator(seed: 2)
    let model = try LlamaModel(configuration, using: generator)
    withNoGradient {
      for (_, tensor) in model.namedParameters() { _ = tensor.normalInPlace(standardDeviation: 0.5, using: generator) }
    }
    let ids = Tensor([3, 1, 4, 1, 5, 9, 2, 6] as [Int64], shape: [1, 8])
    func loss() -> Double {
      withNoGradient {
        model(ids.narrowed(along: 1, from: 0, count: 7)).cast(to: .float64).reshaped([7, 11])
          .crossEntropy(ids.narrowed(along: 1, from: 1, count: 7).reshaped([7])).item()
      }
    }
    let found = try model.fisherInformation(on: [ids])
    #expect(found.keys.sorted() == ["model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.v_proj"])
    for (path, weight) in [("k_proj", model.blocks[0].attention.key), ("v_proj", model.blocks[0].attention.value)] {
      let tensor = try #require(weight.namedParameters().first { $0.path == "weight" }?.tensor)
      var sum = 0.0
      for i in 0..<4 {
        for j in 0..<8 {
          let place = tensor.detached().narrowed(along: 0, from: i, count: 1).narrowed(along: 1, from: j, count: 1)
          let step = 1e-2
          func move(_ distance: Double) {
            withNoGradient { _ = place.addInPlace(Tensor(Float(distance)).reshaped([1, 1])) }
          }
          move(step)
          let after = loss()
          move(-2 * step)
          let before = loss()
          move(step)
          sum += abs(after - before) / (2 * step)
        }
      }
      let information = try #require(found["model.layers.0.self_attn.\(path)"])
      #expect(abs(information - sum / 32) <= 0.01 * sum / 32, "\(path): \(information), \(sum / 32)")
    }
  }
}
