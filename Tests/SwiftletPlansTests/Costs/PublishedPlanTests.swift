import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

/// A published configuration of ELSA, as far as it is told: how many layers take 1:4, 2:4 and 4:4, and the mean density of
/// each kind of layer. Which layer of a kind takes which level changes no total.
struct PublishedPlan: Sendable, CustomTestStringConvertible {
  let name: String
  let model: MultiplyAdds
  let giga: Double
  /// Layers at 1:4, 2:4 and 4:4.
  let counts: [Int]
  /// Mean density of proj, qkv, fc1 and fc2.
  let densities: [Double]

  var testDescription: String { "\(name) \(giga) G" }

  static let deitB6G = PublishedPlan(
    name: "DeiT-B", model: DeiTConfiguration.base.multiplyAdds.published, giga: 6.005, counts: [36, 11, 1],
    densities: [0.396, 0.271, 0.312, 0.312])
  static let deitB7G = PublishedPlan(
    name: "DeiT-B", model: DeiTConfiguration.base.multiplyAdds.published, giga: 6.877, counts: [28, 18, 2],
    densities: [0.438, 0.354, 0.375, 0.333])
  static let every = [
    deitB6G, deitB7G,
    PublishedPlan(
      name: "DeiT-S", model: DeiTConfiguration.small.multiplyAdds.published, giga: 1.964, counts: [24, 23, 1],
      densities: [0.458, 0.354, 0.417, 0.312]),
    PublishedPlan(
      name: "Swin-B", model: SwinConfiguration.base.multiplyAdds.published, giga: 5.329, counts: [74, 21, 1],
      densities: [0.292, 0.323, 0.312, 0.323]),
    PublishedPlan(
      name: "Swin-B", model: SwinConfiguration.base.multiplyAdds.published, giga: 5.920, counts: [56, 39, 1],
      densities: [0.365, 0.375, 0.396, 0.302]),
    PublishedPlan(
      name: "Swin-S", model: SwinConfiguration.small.multiplyAdds.published, giga: 3.501, counts: [49, 46, 1],
      densities: [0.417, 0.354, 0.365, 0.375]),
    PublishedPlan(
      name: "Swin-S", model: SwinConfiguration.small.multiplyAdds.published, giga: 3.985, counts: [32, 62, 2],
      densities: [0.427, 0.417, 0.458, 0.406]),
  ]

  /// A plan with these densities and counts: the dense layers are the first of the first kinds that have room for them.
  func levels(in space: SearchSpace) -> [Int] {
    var levels = space.slots.map { _ in 0 }
    var dense = counts[2]
    for (kind, density) in zip(["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2"], densities) {
      let slots = space.slots.indices.filter { space.slots[$0].path.hasSuffix(kind) }
      // In quarters of a layer, above 1:4 everywhere; 2:4 adds one quarter and 4:4 three.
      var quarters = Int((4 * density * Double(slots.count)).rounded()) - slots.count
      for slot in slots where quarters > 0 {
        let takes = dense > 0 && quarters >= 3 && levels.filter { $0 == 2 }.count < counts[2] ? 2 : 1
        levels[slot] = takes
        quarters -= takes == 2 ? 3 : 1
        dense -= takes == 2 ? 1 : 0
      }
    }
    return levels
  }
}

@Suite struct PublishedPlanTests {
  /// Oracle: the published totals, counts and densities.
  @Test(arguments: PublishedPlan.every) func `published plans cost what is published`(published: PublishedPlan) throws {
    let patterns = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    let space = SearchSpace(patterns, over: published.model.slots.map(\.path))
    let levels = published.levels(in: space)
    #expect((0...2).map { level in levels.count { $0 == level } } == published.counts)
    let costs = try PlanCosts.multiplyAdds(of: space, in: published.model)
    #expect((Double(costs.total(of: levels)) / 1e6).rounded() / 1e3 == published.giga)
  }
}
