import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

@Suite struct BudgetTests {
  static let model = DeiTConfiguration.base.multiplyAdds
  static let levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
  static let space = SearchSpace(levels, over: model.slots.map(\.path))
  static let costs = Result { try PlanCosts.multiplyAdds(of: space, in: model) }

  @Test(
    arguments: [
      ("flops=0.4", Budget.Quantity.flops, nil, Budget.Amount.share(0.4)),
      ("flops=1", .flops, nil, .share(1)), ("flops=1.96G", .flops, nil, .absolute(1.96e9)),
      ("bytes=1.5M", .bytes, nil, .absolute(1.5e6)), ("bytes=20k", .bytes, nil, .absolute(2e4)),
      ("kv=0.20", .kv, nil, .share(0.2)), ("kv=10k", .kv, nil, .absolute(1e4)),
      ("flops=83700000", .flops, nil, .absolute(83_700_000)),
      ("ms=0.5", .ms, nil, .absolute(0.5)), ("time=0.5", .time, nil, .share(0.5)),
      ("flops=0.38..0.42", .flops, .share(0.38), .share(0.42)),
      ("flops=0.3..6.9G", .flops, .share(0.3), .absolute(6.9e9)),
    ] as [(String, Budget.Quantity, Budget.Amount?, Budget.Amount)])
  func `budgets are read`(
    text: String, quantity: Budget.Quantity, lower: Budget.Amount?, upper: Budget.Amount
  ) throws {
    let budget = try Budget(parsing: text)
    #expect(budget.quantity == quantity)
    #expect(budget.lower == lower)
    #expect(budget.upper == upper)
  }

  @Test(arguments: [
    "", "0.4", "flops", "flops=", "flops=x", "flops=-1", "flops=nan", "flops=0.4..", "flops=0.4...0.5", "macs=1G",
    "ms=1k", "time=2G", "flops=1T", "flops= 0.4", "flops=0x10", "flops=inf",
  ])
  func `what is no budget is refused with an example`(text: String) {
    #expect {
      try Budget(parsing: text)
    } throws: { "\($0)".contains("“\(text)” is no budget: write flops=0.4") }
  }

  /// Oracle: whole units of the large model, 0.029049 G above 0.8346 G; published plans have 178 and 208 units.
  @Test func `a window keeps its ends, and a ceiling brings a floor`() throws {
    let costs = try Self.costs.get()
    let unit = (costs.range.upperBound - costs.range.lowerBound) / (576 - 144)
    func total(_ units: Int) -> Int { costs.fixed + units * unit }
    #expect(costs.range == total(144)...total(576))
    #expect(try Budget(parsing: "flops=5.9G..6.01G").window(in: costs) == total(175)...total(178))
    let ceiling = try Budget(parsing: "flops=0.4").window(in: costs)
    let top = (2 * costs.dense / 5 - costs.fixed) / unit
    #expect(ceiling.upperBound == total(top))
    #expect(ceiling.lowerBound >= total(top) * 95 / 100)
    #expect(ceiling.lowerBound - unit < total(top) * 95 / 100)
    let unlimited = try Budget(parsing: "flops=100G").window(in: costs)
    #expect(unlimited.upperBound == costs.dense)
  }

  @Test func `a budget that no plan meets fails at once, with the reachable range`() throws {
    let costs = try Self.costs.get()
    #expect {
      try Budget(parsing: "flops=0.2").window(in: costs)
    } throws: {
      "\($0)"
        == "no plan meets flops=0.2: this space reaches 5.018 G multiply-adds as published to 17.567 G multiply-adds as published, "
        + "0.2856 to 1.0 of the dense network, and not every total between"
    }
    for text in ["flops=20G..30G", "flops=0.5..0.4", "flops=0.50001..0.50002"] {
      let budget = try Budget(parsing: text)
      #expect(throws: UnmetBudgetError.self) {
        try SearchProblem<Marks>(Self.space, costs: costs, budget: budget, measure: .loss)
      }
    }
  }

  @Test func `quantities need costs that measure them`() throws {
    let costs = try Self.costs.get()
    for text in ["bytes=1M", "kv=0.2", "ms=3", "time=0.5"] {
      #expect(throws: BudgetUnitError.self) { try Budget(parsing: text).window(in: costs) }
    }
  }
}
