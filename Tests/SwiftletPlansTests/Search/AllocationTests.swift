import SwiftletModels
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

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
          "\(plan["blocks.\(block).\(slot)"].map { Int(4 * $0.pattern.density) } ?? 0)"
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

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MagnitudeAllocationTests {
  /// Oracle: all scores by their definition, and the largest of them together.
  @Test(arguments: [0.0, 0.1, 0.25, 0.5, 0.9, 1])
  func `one threshold over all layers keeps the wished share`(density: Double) {
    var random = SplitMix64(seed: 31)
    let layers = [(40, Float(1)), (100, 0.1), (60, 30)].map { count, scale in
      (0..<count).map { _ in random.normal() * scale }
    }
    let scores = layers.map { layer in
      layer.map { w in
        Double(w) * Double(w)
          / layer.filter { $0.magnitude >= w.magnitude }.reduce(0.0) { $0 + Double($1) * Double($1) }
      }
    }
    let kept = Int(density * 200)
    let threshold = kept == 0 ? .infinity : scores.flatMap { $0 }.sorted(by: >)[kept - 1]
    let expected = scores.map { layer in Double(layer.count { $0 >= threshold }) / Double(layer.count) }
    let densities = MagnitudeAllocation.densities(
      of: layers.map { Tensor($0, shape: [$0.count / 10, 10]) }, keeping: density)
    #expect(densities == expected)
  }

  @Test func `layers differ by their magnitudes, not by their scale`() {
    var random = SplitMix64(seed: 32)
    let even = (0..<400).map { _ in random.normal() }
    let peaked = even.map { $0 * $0 * $0 }
    let densities = MagnitudeAllocation.densities(
      of: [even, even.map { $0 * 1024 }, peaked].map { Tensor($0, shape: [20, 20]) }, keeping: 0.5)
    #expect(densities[0] == densities[1])
    #expect(densities[2] < densities[0])
    #expect(MagnitudeAllocation.densities(of: [.zeros([4, 4]), .ones([4, 4])], keeping: 0.5)[0] <= 1)
  }
}
