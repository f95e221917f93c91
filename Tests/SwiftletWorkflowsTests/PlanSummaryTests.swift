import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import Testing

@testable import SwiftletWorkflows

@Suite struct PlanSummaryTests {
  static var work: MultiplyAdds {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.width) = (16, 4, 32)
    (configuration.depth, configuration.heads) = (2, 2)
    return configuration.multiplyAdds
  }

  @Test func `a summary shows the map, the costs and what differs`() throws {
    let (half, quarter) = (SparsityPattern(keeping: 2, of: 4), SparsityPattern(keeping: 1, of: 4))
    let plan = Self.work.uniform(half)
    var other = plan
    other["blocks.1.mlp.fc2"] = LayerChoice(pattern: quarter, precision: .int8)
    let summary = try PlanSummary(name: "a.json", plan, of: Self.work)
    let text = summary.text(against: try PlanSummary(name: "b.json", other, of: Self.work))
    #expect(text.contains("block     attn.proj  attn.qkv  mlp.fc1  mlp.fc2"))
    #expect(text.contains("blocks.1  2:4        2:4       2:4      2:4"))
    #expect(text.contains("a.json: 8 layers, 8 at 2:4") && text.contains("7 at 2:4, 1 at 1:4 int8"))
    #expect(text.contains("blocks.1.mlp.fc2  2:4     1:4 int8"))
    #expect(summary.text(against: summary).contains("The plans decide the same for every layer."))
    #expect(summary.multiplyAdds == (try Self.work.total(under: plan)))
    #expect(summary.publishedMultiplyAdds == (try Self.work.published.total(under: plan)))
    #expect(text.contains("\(PlanCosts.Unit.scaled(try Self.work.total(under: plan))) multiply-adds, "))
  }
}
