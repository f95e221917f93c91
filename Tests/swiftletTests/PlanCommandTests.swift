import Foundation
import SwiftletCompression
import SwiftletModels
import SwiftletPlans
import SwiftletReport
import SwiftletRuntime
import SwiftletSearch
import SwiftletTensor
import TestSupport
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
    (["p.json", "--context", "0", "--checkpoint", "f"], "--context takes numbers from 1"),
    (["p.json", "--context", "5"], "--context needs a language model"),
  ])
  func `contradictions are refused`(arguments: [String], message: String) {
    #expect {
      try PlanCommand.parse(arguments)
    } throws: { PlanCommand.message(for: $0).contains(message) }
  }

  /// A folder that says what network it is, and a plan for it; no weights are looked at.
  private func languageModel(in folder: TemporaryFolder) throws {
    let shape = LlamaConfiguration(vocabulary: 10, width: 32, hidden: 8, layers: 2, heads: 4, context: 1000)
    try folder.write(shape.huggingFace(), to: "m/config.json")
    try CompressionPlan(["model.layers.1.self_attn.v_proj": LayerChoice(rank: 8, headGroup: 2, valueBits: 4)]).write(
      to: folder.url.appending(path: "m/plan.json"))
  }

  /// Hand: values of two groups of rank 8 in 4 bits with a grid each are 16 of 64 bytes.
  @Test func `a language model's plan is shown with the bytes of its cache`() throws {
    let folder = try TemporaryFolder()
    try languageModel(in: folder)
    let (status, text) = try OutputPathTests.run(
      ["plan", "m/plan.json", "--checkpoint", "m", "--context", "100"], in: folder.url)
    #expect(
      status == 0 && text.contains("208 B a token, 0.8125 of the 256 B in 16 bits; 8 B of it metadata"), "\(text)")
    #expect(text.hasSuffix("20.80 kB at 100 tokens, 25.60 kB in 16 bits\n"))
    // Its weights stand for it, whatever they hold.
    try folder.write([], to: "m/model.safetensors")
    #expect(
      try OutputPathTests.run(
        ["plan", "m/plan.json", "--checkpoint", "m/model.safetensors", "--context", "100"], in: folder.url) == (0, text)
    )
    let json = try OutputPathTests.run(
      ["plan", "m/plan.json", "--checkpoint", "m", "--against", "m/plan.json", "--json"], in: folder.url)
    #expect(json.status == 0 && json.text.contains("\"contextBytes\":208000"), "\(json.text)")
    #expect(json.text.contains("\"cacheMetadataBytes\":8,\"headGroup\":2") || json.text.contains("\"valueBits\":4"))
  }

  @Test func `what makes no sense for a language model is refused in one sentence`() throws {
    let folder = try TemporaryFolder()
    try languageModel(in: folder)
    try Self.recipe.write(toFile: folder.path("r.yaml"), atomically: true, encoding: .utf8)
    try CompressionPlan(["blocks.0.attn.qkv": LayerChoice(rank: 8)]).write(to: folder.url.appending(path: "other.json"))
    let model = ["--checkpoint", "m"]
    for (arguments, expected, part) in [
      (["m/plan.json", "--uniform", "2:4"] + model, 64, "m is a language model, for which --uniform has no meaning"),
      (["new.json", "--erk", "0.5"] + model, 64, "for which --erk has no meaning: leave it out"),
      (["new.json", "--lamp", "0.5"] + model, 64, "for which --lamp has no meaning: leave it out"),
      (["m/plan.json", "--recipe", "r.yaml"] + model, 64, "for which --recipe has no meaning: leave it out"),
      (["m/plan.json", "--accelerator", "s2ta"] + model, 64, "for which --accelerator has no meaning: leave it out"),
      (["m/plan.json", "--ema"] + model, 64, "for which --ema has no meaning: leave it out"),
      (["m/plan.json", "--context", "5", "--checkpoint", "r.yaml"], 64, "--context is for a language model's cache"),
      (["other.json"] + model, 1, "the plan names blocks.0.attn.qkv, which is no compressible layer of the model"),
      (["gone.json"] + model, 66, "gone.json cannot be read"),
    ] as [([String], Int32, String)] {
      let (status, text) = try OutputPathTests.run(["plan"] + arguments, in: folder.url)
      #expect(status == expected && text.contains(part), "\(arguments): \(status) \(text)")
      #expect(text.hasPrefix("error: ") && text.split(separator: "\n").count == 1, "\(text)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("new.json")))
  }
}
