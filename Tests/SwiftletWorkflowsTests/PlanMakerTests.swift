import Foundation
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import SwiftletWorkflows
import Testing
import TrainingTestSupport

@Suite struct PlanMakerTests {
  static let half = SparsityPattern(keeping: 2, of: 4)

  @Test func `a uniform plan needs the network's shape alone`() throws {
    let maker = PlanMaker(for: PlanNetwork(try Recipe.parse(SmallNetwork.yaml)))
    let plan = try maker.plan(by: .uniform(Self.half))
    #expect(plan == maker.network.work.uniform(Self.half))
    #expect(try PlanSummary(name: "half", plan, of: maker.network.work).text().contains("half: 4 layers, 4 at 2:4"))
    #expect(throws: CompressionPlanError.self) { try maker.plan(by: .uniform(SparsityPattern(keeping: 2, of: 5))) }
  }

  @Test func `the density that a budget allows meets the budget`() throws {
    var maker = PlanMaker(for: PlanNetwork(try Recipe.parse(SmallNetwork.yaml)))
    maker.budget = try Budget(parsing: "flops=0.6..0.8")
    let published = maker.network.work.published
    let share = Double(try published.total(under: maker.plan(by: .erdosRenyi(.budget)))) / Double(published.dense)
    #expect((0.6...0.8).contains(share))
  }

  @Test func `a rule that lacks what it looks at says so`() throws {
    let maker = PlanMaker(for: PlanNetwork(try Recipe.parse(SmallNetwork.yaml)))
    #expect(throws: PlanMakerError.noWeights) { try maker.plan(by: .magnitudes(.share(0.5))) }
    #expect(throws: PlanMakerError.noBudget) { try maker.plan(by: .erdosRenyi(.budget)) }
    #expect(PlanMaker.Density(parsing: "0.5") == .share(0.5) && PlanMaker.Density(parsing: "budget") == .budget)
    #expect(PlanMaker.Density(parsing: "1.5") == nil && PlanMaker.Density(parsing: "half") == nil)
  }

  @Test(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
  func `magnitudes are those of a trained network, whose model file knows its shape too`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let source = try TrainedModel(reading: checkpoint)
      var maker = PlanMaker(for: PlanNetwork(source))
      maker.levels = [Self.half, .init(keeping: 4, of: 4)]
      #expect(try maker.plan(by: .magnitudes(.share(0.5))).paths.count == 4)
      let file = directory.appending(path: "small.swiftlet")
      _ = try ModelExport(of: source).write(to: file)
      let network = try PlanNetwork(modelFile: file.path)
      #expect(network.name == maker.network.name && network.model == nil)
      #expect(network.work.dense == maker.network.work.dense)
    }
  }
}
