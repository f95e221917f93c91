import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

@Suite struct MultiplyAddsTests {
  /// Giga multiply-adds to three digits, as published.
  static func giga(_ multiplyAdds: Int) -> Double { (Double(multiplyAdds) / 1e6).rounded() / 1e3 }

  /// Oracle: the published figures for 4:4, 2:4 and 1:4.
  @Test(arguments: [
    (DeiTConfiguration.tiny, [1.254, 0.732, 0.470]),
    (DeiTConfiguration.small, [4.600, 2.509, 1.463]),
    (DeiTConfiguration.base, [17.567, 9.201, 5.018]),
  ])
  func `DeiT needs the published multiply-adds`(model: DeiTConfiguration, published: [Double]) throws {
    let cost = model.multiplyAdds.published
    for (kept, work) in zip([4, 2, 1], published) {
      let plan = cost.uniform(SparsityPattern(keeping: kept, of: 4))
      #expect(Self.giga(try cost.total(under: plan)) == work)
    }
    #expect(try cost.dense == cost.total(under: cost.uniform(SparsityPattern(keeping: 4, of: 4))))
  }

  /// Oracle: the published figures for 4:4, 2:4 and 1:4.
  @Test(arguments: [
    (SwinConfiguration.small, [8.747, 4.585, 2.504]), (SwinConfiguration.base, [15.438, 8.040, 4.340]),
  ])
  func `Swin needs the published multiply-adds`(model: SwinConfiguration, published: [Double]) throws {
    let cost = model.multiplyAdds.published
    #expect(cost.slots.count == 96)
    for (kept, work) in zip([4, 2, 1], published) {
      let plan = cost.uniform(SparsityPattern(keeping: kept, of: 4))
      #expect(Self.giga(try cost.total(under: plan)) == work)
    }
  }

  @Test(arguments: [(1, 2.926), (2, 5.018), (3, 7.109), (4, 9.201)])
  func `DeiT-B in N of 8 needs the published multiply-adds`(kept: Int, published: Double) throws {
    let cost = DeiTConfiguration.base.multiplyAdds.published
    let plan = cost.uniform(SparsityPattern(keeping: kept, of: 8))
    #expect(Self.giga(try cost.total(under: plan)) == published)
  }

  @Test func `the parts of DeiT-B are the published ones`() {
    let cost = DeiTConfiguration.base.multiplyAdds.published
    #expect(cost.weights == 84_934_656)
    #expect((Double(cost.patchEmbedding) / 1e5).rounded() == 1156)
    #expect((Double(cost.attention) / 1e5).rounded() == 7153)
    #expect((Double(cost.norms) / 1e5).rounded() == 36)
    #expect(Self.giga(cost.dense - cost.fixed) == 16.732)
  }

  /// Oracle: megabytes of the published memory table.
  @Test(arguments: [(4, 169.9, 84.9), (2, 95.6, 53.1), (1, 47.8, 26.5)])
  func `DeiT-B occupies the published bytes`(kept: Int, sixteenBit: Double, eightBit: Double) throws {
    let cost = DeiTConfiguration.base.multiplyAdds.published
    let pattern = SparsityPattern(keeping: kept, of: 4)
    for (precision, megabytes) in [(Precision.bf16, sixteenBit), (.int8, eightBit)] {
      let bytes = try cost.packedBytes(under: cost.uniform(pattern, precision: precision))
      #expect((Double(bytes) / 1e5).rounded() / 10 == megabytes)
    }
  }

  @Test func `work and bytes grow with every slot's level`() throws {
    let cost = DeiTConfiguration.tiny.multiplyAdds
    let levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    let lowest = cost.uniform(levels[0])
    for layer in cost.slots {
      var (work, bytes) = (0, 0)
      for level in levels {
        var plan = lowest
        plan[layer.path] = LayerChoice(pattern: level)
        let (nextWork, nextBytes) = (try cost.total(under: plan), try cost.packedBytes(under: plan))
        #expect(nextWork > work)
        #expect(nextBytes > bytes)
        (work, bytes) = (nextWork, nextBytes)
      }
    }
  }

  @Test func `a plan for another model is refused`() {
    let cost = DeiTConfiguration.tiny.multiplyAdds
    let head = CompressionPlan(["head": LayerChoice(pattern: SparsityPattern(keeping: 2, of: 4))])
    #expect(throws: CompressionPlanError.self) { try cost.total(under: head) }
    #expect(throws: CompressionPlanError.self) {
      try cost.packedBytes(under: cost.uniform(SparsityPattern(keeping: 2, of: 5)))
    }
  }
}
