import Foundation
import SwiftletCompression
import SwiftletModels
import SwiftletPlans
import SwiftletReport
import SwiftletRuntime
import SwiftletSearch
import SwiftletTensor
import Testing

@testable import swiftlet

@Suite struct PlanCommandTests {
  static let recipe = """
    model:
      family: deit
      configuration: {imageSize: 16, patchSize: 4, width: 32, depth: 2, heads: 2, classes: 10}
    data: {kind: shapes}
    """

  /// Runs the command on a recipe of two blocks, and answers the plan that it wrote.
  static func made(_ arguments: String...) throws -> CompressionPlan {
    let directory = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (file, recipe) = (directory.appending(path: "plan.json"), directory.appending(path: "recipe.yaml"))
    try Self.recipe.write(to: recipe, atomically: true, encoding: .utf8)
    let command = try PlanCommand.parse([file.path, "--recipe", recipe.path, "--json"] + arguments)
    try command.run()
    return try CompressionPlan(contentsOf: file)
  }

  static var work: MultiplyAdds {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.width) = (16, 4, 32)
    (configuration.depth, configuration.heads) = (2, 2)
    return configuration.multiplyAdds
  }

  @Test func `a uniform plan names every layer`() throws {
    let plan = try Self.made("--uniform", "2:4", "--precision", "int8")
    #expect(plan == Self.work.uniform(SparsityPattern(keeping: 2, of: 4), precision: .int8))
  }

  /// Oracle: all plans that have the same four levels in both blocks, one by one.
  @Test func `densities are snapped to the nearest plan inside the budget`() throws {
    let plan = try Self.made("--erk", "0.5", "--budget", "flops=0.6..0.7")
    let densities = ErdosRenyiAllocation.densities(of: Self.work.slots, keeping: 0.5)
    func distance(_ plan: CompressionPlan) -> Double {
      zip(Self.work.slots, densities).reduce(0) { sum, slot in
        let distance = (plan[slot.0.path]?.sparsity.density ?? 1) - slot.1
        return sum + Double(slot.0.weights) * distance * distance
      }
    }
    let share = Double(try Self.work.published.total(under: plan)) / Double(Self.work.published.dense)
    #expect((0.6...0.7).contains(share))
    let patterns = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    for choice in 0..<(3 * 3 * 3 * 3) {
      var other = CompressionPlan()
      for (index, slot) in Self.work.slots.enumerated() {
        other[slot.path] = LayerChoice(pattern: patterns[choice / [1, 3, 9, 27][index % 4] % 3])
      }
      let share = Double(try Self.work.published.total(under: other)) / Double(Self.work.published.dense)
      if (0.6...0.7).contains(share) { #expect(distance(plan) <= distance(other) + 1e-9) }
    }
  }

  @Test func `without a budget densities are snapped one by one`() throws {
    let plan = try Self.made("--erk", "0.5", "--levels", "1:8,2:8,4:8,8:8")
    let space = SearchSpace(
      [1, 2, 4, 8].map { SparsityPattern(keeping: $0, of: 8) }, over: Self.work.slots.map(\.path))
    #expect(plan == space.plan(nearest: ErdosRenyiAllocation.densities(of: Self.work.slots, keeping: 0.5)))
  }

  @Test(arguments: [
    (["p.json", "--uniform", "2:4"], "a plan is made for a network"),
    (["p.json", "--recipe", "r", "--model", "m"], "give one network"),
    (["p.json", "--recipe", "r", "--erk", "0.5", "--uniform", "2:4"], "give one of --uniform"),
    (["p.json", "--recipe", "r", "--lamp", "0.5"], "--lamp looks at weights"),
    (["p.json", "--recipe", "r", "--erk", "budget"], "needs --budget"),
    (["p.json", "--recipe", "r", "--erk", "1.5"], "'1.5' is invalid"),
    (["p.json", "--budget", "flops=0.4"], "--budget goes with --erk or --lamp"),
    (["p.json", "--accelerator", "vegeta"], "an accelerator's cost depends on the network"),
  ])
  func `contradictions are refused`(arguments: [String], message: String) {
    #expect {
      try PlanCommand.parse(arguments)
    } throws: { PlanCommand.message(for: $0).contains(message) }
  }
}
