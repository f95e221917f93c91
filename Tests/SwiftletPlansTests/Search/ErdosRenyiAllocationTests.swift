import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

@Suite struct ErdosRenyiAllocationTests {
  static let cost = DeiTConfiguration.base.multiplyAdds.published
  static let space = SearchSpace(
    [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }, over: cost.slots.map(\.path))

  static func plan(keeping density: Double) -> CompressionPlan {
    space.plan(nearest: ErdosRenyiAllocation.densities(of: cost.slots, keeping: density))
  }

  /// Oracle: the collapse that ELSA's motivation describes: seven models, the same four levels in every block.
  @Test func `sweeping the target on DeiT-B yields seven models`() throws {
    var models: [String: Double] = [:]
    for sparsity in 1...98 {
      let plan = Self.plan(keeping: 1 - Double(sparsity) / 100)
      let blocks = (0..<12).map { block in
        ["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2"].map { slot in
          "\(plan["blocks.\(block).\(slot)"].map { Int(4 * $0.sparsity.density) } ?? 0)"
        }.joined()
      }
      #expect(Set(blocks).count == 1)
      models[blocks[0]] = Double(try Self.cost.total(under: plan)) / 1e9
      #expect((blocks[0] == "2222") == (50...59).contains(sparsity), "\(sparsity) %: \(blocks[0])")
    }
    let published = [
      "4444": 17.57, "4422": 11.99, "4222": 9.90, "2222": 9.20, "2211": 6.41, "2111": 5.37, "1111": 5.02,
    ]
    #expect(Set(models.keys) == Set(published.keys))
    for (model, work) in published { #expect(abs((models[model] ?? 0) - work) < 0.005, "\(model)") }
  }

  @Test func `densities keep the wished share and stay dense at most`() {
    for density in [0.0, 0.1, 0.5, 0.75, 0.9, 1] {
      let densities = ErdosRenyiAllocation.densities(of: Self.cost.slots, keeping: density)
      let kept = zip(densities, Self.cost.slots).reduce(0.0) { $0 + $1.0 * Double($1.1.weights) }
      #expect(abs(kept / Double(Self.cost.weights) - density) < 1e-12)
      #expect(densities.allSatisfy { (0...1 + 1e-12).contains($0) })
    }
    let half = ErdosRenyiAllocation.densities(of: Self.cost.slots, keeping: 0.5)
    for (density, published) in zip(half, [0.5, 0.75, 0.46875, 0.46875]) { #expect(abs(density - published) < 1e-12) }
  }
}
