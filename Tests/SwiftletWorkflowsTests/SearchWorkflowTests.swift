import Foundation
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletTraining
import SwiftletWorkflows
import TestSupport
import Testing
import TrainingTestSupport

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct SearchWorkflowTests {
  @Test func `a trained network is searched by its own recipe, and the search is told on a page`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let text = RecipeText(SmallNetwork.yaml, overrides: ["search={method: {kind: random, count: 2}}"])
      let source = try TrainedModel(reading: checkpoint, recipe: text)
      let search = try SearchRun(for: source, budget: Budget(parsing: "flops=0.5..1"), seed: 3)
      #expect(search.recipe.search?.seed == 3 && source.recipe.search?.seed == 0)
      let plan = directory.appending(path: "plan.json")
      var judged = 0
      let outcome = try search.start(on: source, data: source.openData(at: nil), plan: plan, threads: 1) { event in
        if case .evaluated = event { judged += 1 }
      }
      #expect(judged >= 2 && outcome.images == 16 && (0.5...1).contains(outcome.shareOfDense))
      #expect(try CompressionPlan(contentsOf: plan).paths.count == 4)

      let report = try RunReport(of: [URL(filePath: outcome.trace)])
      #expect(report.runs.isEmpty && report.page.title == "1 search")
      #expect(report.page.html.contains("Search plan.trace.jsonl: random for flops=0.5..1"))
    }
  }

  @Test func `a method that is named replaces the recipe's`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, _ in
      let source = try TrainedModel(reading: checkpoint)
      let search = try SearchRun(for: source, budget: Budget(parsing: "flops=0.7"), method: .greedy)
      #expect(search.recipe.search?.method.kind == .greedy)
      #expect(throws: (any Error).self) { try SearchRun(for: source, budget: Budget(parsing: "flops=0.01")) }
    }
  }
}
