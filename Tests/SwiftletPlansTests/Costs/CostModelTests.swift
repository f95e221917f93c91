import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

@Suite struct CostModelTests {
  /// Llama-2-7B's keys and values: 32 heads of 128, in groups of 4.
  static let llama = ["k_proj", "v_proj"].map {
    Slot(
      block: "layers.0.self_attn", role: $0, kind: $0 == "k_proj" ? .keys : .values, inputs: 4096, outputs: 4096,
      positions: 1, heads: 32)
  }

  /// What is saved of a cache in 16 bits, in percent to one digit.
  static func saved(_ slots: [Slot], rank: Int, bits: Int, latentGroup: Int? = nil) throws -> Double {
    let choices = [
      LayerChoice(rank: rank, headGroup: 4, keyBits: bits), LayerChoice(rank: rank, headGroup: 4, valueBits: bits),
    ]
    let space = SearchSpace(
      zip(slots, choices).map { slot, choice in
        var choice = choice
        choice.latentGroup = latentGroup
        return .init(path: slot.path, levels: [choice])
      })
    let costs = try PlanCosts.cacheBytes(of: space, in: slots)
    return (1000 * (1 - Double(costs.total(of: [0, 0])) / Double(costs.dense))).rounded() / 10
  }

  /// Oracle: the storage table of Palu's specification, with metadata: 30 % and 50 % of the rank left out, at 4 to 2 bits.
  @Test(arguments: [(358, 4, 82.1), (358, 3, 86.5), (358, 2, 90.9), (256, 3, 90.2), (256, 2, 93.4)])
  func `a cache of latents saves what the table says, scales included`(rank: Int, bits: Int, percent: Double) throws {
    #expect(try Self.saved(Self.llama, rank: rank, bits: bits) == percent)
  }

  /// Oracle: the table's column with a scale for each 64 channels; 70 % of a rank that 64 divides is 448 of 640.
  @Test(arguments: [
    (448, 160, 4, 80.3), (448, 160, 3, 84.7), (448, 160, 2, 89.1), (256, 128, 3, 89.1), (256, 128, 2, 92.2),
  ])
  func `smaller groups of channels have more scales`(rank: Int, headWidth: Int, bits: Int, percent: Double) throws {
    let slots = [Slot.Kind.keys, .values].map {
      Slot(
        block: "b.0", role: $0.rawValue, kind: $0, inputs: 32 * headWidth, outputs: 32 * headWidth, positions: 1,
        heads: 32)
    }
    #expect(try Self.saved(slots, rank: rank, bits: bits, latentGroup: 64) == percent)
  }

  /// Oracle: Palu's headline rates, which leave the scales out: 30 % and 50 % of the rank, at 4 to 2 bits.
  @Test(arguments: [(448, 4, 0.825), (448, 3, 0.86875), (448, 2, 0.9125), (320, 3, 0.90625), (320, 2, 0.9375)])
  func `codes alone save what Palu's rates say`(rank: Int, bits: Int, saved: Double) throws {
    let slot = Slot(block: "b.0", role: "k", kind: .keys, inputs: 5120, outputs: 5120, positions: 1, heads: 32)
    let choice = LayerChoice(rank: rank, headGroup: 4, keyBits: bits)
    let codes = try CostModel.cacheBytes(slot, choice) - CostModel.cacheMetadataBytes(slot, choice)
    #expect(1 - Double(codes) / Double(2 * 5120) == saved)
  }

  /// Oracle: 512 KiB a token for 32 layers of Llama-2-7B, 128 KiB for Llama-3-8B, both in 16 bits.
  @Test func `keys and values as they are take 16 bits`() throws {
    let plain = SearchSpace(Self.llama.map { .init(path: $0.path, levels: [LayerChoice()]) })
    #expect(try PlanCosts.cacheBytes(of: plain, in: Self.llama).dense * 32 == 512 << 10)
    let grouped = Slot(block: "b", role: "k", kind: .keys, inputs: 4096, outputs: 1024, positions: 1, heads: 8)
    #expect(try CostModel.cacheBytes(grouped, LayerChoice()) * 2 * 32 == 128 << 10)
  }

  /// Oracle: the parameters of Palu's factors for Llama-2-7B at half the rank: R 8.39 M, L 1.05 M.
  @Test func `two thin matrices have the work and the bytes of their weights`() throws {
    let half = LayerChoice(rank: 256, headGroup: 4)
    #expect(try CostModel.multiplyAdds(Self.llama[0], half) == 8 * 256 * 4096 + 256 * 4096)
    #expect(try CostModel.packedBytes(Self.llama[0], half) == 4 * (8 * 256 * 4096 + 256 * 4096))
    // Law: the whole rank in one group costs both factors, and no choice costs the matrix.
    #expect(try CostModel.multiplyAdds(Self.llama[0], LayerChoice()) == 4096 * 4096)
  }

  /// Oracle: 8 bits a weight, and 16 for each group of 64.
  @Test func `scales of groups are counted`() throws {
    let slot = Slot(block: "b", role: "fc", inputs: 128, outputs: 10, positions: 3)
    var choice = LayerChoice(pattern: .dense, precision: .int8)
    #expect(try CostModel.packedBytes(slot, choice) == 1280)
    choice.groupSize = 64
    #expect(try CostModel.packedBytes(slot, choice) == 1280 + 2 * 20)
    #expect(try CostModel.multiplyAdds(slot, choice) == 3840)
  }

  @Test func `what has no formula is an error`() throws {
    let slot = Self.llama[0]
    func refuses(_ cost: CostModel, _ change: (inout LayerChoice) -> Void) {
      var choice = LayerChoice()
      change(&choice)
      #expect(throws: CompressionPlanError.uncounted(path: slot.path, choice: choice, unit: cost.unit)) {
        try cost(slot, choice)
      }
    }
    let sparseAndThin: (inout LayerChoice) -> Void = { ($0.pattern, $0.rank) = (.init(keeping: 2, of: 4), 96) }
    refuses(.multiplyAdds, sparseAndThin)
    refuses(.packedBytes, sparseAndThin)
    refuses(.packedBytes) { ($0.rank, $0.groupSize) = (96, 64) }
    refuses(.packedBytes) { $0.groupSize = 100 }
    refuses(.cacheBytes) { ($0.rank, $0.headGroup) = (96, 5) }
    refuses(.cacheBytes) { ($0.rank, $0.headGroup) = (513, 4) }
    refuses(.cacheBytes) { ($0.rank, $0.latentGroup, $0.keyBits) = (358, 64, 4) }
    #expect(throws: CompressionPlanError.unsuitable(path: slot.path, axis: "valueBits")) {
      try CompressionPlan([slot.path: LayerChoice(rank: 8, valueBits: 4)]).validate(for: Self.llama)
    }
  }

  @Test func `a budget of remembered bytes needs a cache, and is a share of 16 bits`() throws {
    let budget = try Budget(parsing: "kv=0.20")
    let space = SearchSpace(
      Self.llama.map { slot in
        .init(
          path: slot.path,
          levels: [
            LayerChoice(
              rank: 256, headGroup: 4, keyBits: slot.kind == .keys ? 4 : nil, valueBits: slot.kind == .keys ? nil : 4),
            LayerChoice(
              rank: 358, headGroup: 4, keyBits: slot.kind == .keys ? 4 : nil, valueBits: slot.kind == .keys ? nil : 4),
            LayerChoice(),
          ])
      })
    let costs = try PlanCosts.cacheBytes(of: space, in: Self.llama)
    #expect(costs.unit == .cacheBytes && costs.dense == 16384)
    let window = try budget.window(in: costs)
    #expect(window.upperBound == costs.total(of: [1, 1]))
    #expect(window.upperBound <= 16384 / 5)
    let vision = DeiTConfiguration.tiny.multiplyAdds
    #expect(throws: BudgetUnitError.self) {
      try budget.costs(of: SearchSpace([.dense], over: vision.slots.map(\.path)), in: vision, on: nil)
    }
  }

  @Test func `a path shows its block and the layer's role, as the slots say them`() {
    for slot in DeiTConfiguration.tiny.multiplyAdds.slots {
      #expect(LayerPath.parts(of: slot.path) == (slot.block, slot.role))
    }
    #expect(LayerPath.parts(of: "layers.0.blocks.1.mlp.fc1") == ("layers.0.blocks.1", "mlp.fc1"))
    #expect(LayerPath.parts(of: "head") == ("", "head"))
  }
}
