import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import SwiftletTraining
import TestSupport
import Testing

@testable import SwiftletSearch

/// A search that takes a second: a DeiT of 2 blocks and 40 held-out procedural shapes.
struct TinySearch {
  static let yaml = """
    model:
      family: deit
      configuration: {imageSize: 16, patchSize: 8, width: 16, depth: 2, heads: 2, classes: 10}
    data:
      kind: shapes
      searchFraction: 0.5
      shapes: {training: 80, test: 8}
    search:
      method: {kind: evolutionary, population: 6, parents: 3, generations: 3, mutants: 3, crossovers: 3}
      calibrationImages: 8
      seed: 4
    """

  /// Two stages of windows, shifted in the second block.
  static let swin =
    "model={family: swin, configuration: {imageSize: 16, patchSize: 2, width: 16, depths: [2, 1], heads: [2, 2], "
    + "windowSize: 4, classes: 10}}"

  let recipe: Recipe
  let directory: URL
  let data: TrainingData

  init(_ overrides: String...) throws {
    recipe = try Recipe.parse(Self.yaml, overrides: overrides)
    data = try recipe.data.open(at: nil, imageSize: recipe.model.imageSize)
    directory = FileManager.default.temporaryDirectory.appending(path: "swiftlet-search-\(UUID().uuidString)")
  }

  func remove() { try? FileManager.default.removeItem(at: directory) }

  func run(
    _ budget: String = "flops=0.6..0.8", out: String = "plan.json", weights: Int = 1,
    observer: @escaping (SearchEvent<Evaluation>) throws -> Void = { _ in }
  ) throws -> SearchOutcome {
    let search = try SearchRun(
      recipe, budget: Budget(parsing: budget), of: recipe.model.configuration.multiplyAdds)
    return try search.start(
      on: recipe.model.make(seed: weights), inputShape: [3, 16, 16], data: data, plan: directory.appending(path: out),
      observer: observer)
  }

  /// What libtorch makes of the masked network on the images that judged the plan.
  func evaluation(of outcome: SearchOutcome) throws -> Evaluation {
    let model = try recipe.model.make(seed: 1)
    try model.prune(to: CompressionPlan(contentsOf: URL(filePath: outcome.plan)))
    return try Evaluation(of: model, on: recipe.evaluationLoader(over: data.search))
  }

  func trace(_ name: String = "plan") throws -> SearchTrace<Evaluation> {
    try .read(from: directory.appending(path: "\(name).trace.jsonl"))
  }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct SearchRunTests {
  @Test func `a search writes a plan inside the budget and every candidate`() throws {
    let search = try TinySearch()
    defer { search.remove() }
    let outcome = try search.run()
    let plan = try CompressionPlan(contentsOf: URL(filePath: outcome.plan))
    let work = search.recipe.model.configuration.multiplyAdds.published
    #expect(try work.total(under: plan) == outcome.cost)
    #expect((0.6...0.8).contains(outcome.shareOfDense))
    #expect(outcome.images == 40)
    let trace = try search.trace()
    #expect(trace.lines.count == 6 * 4 && outcome.uniform.count == 3)
    // The uniform plans are judged too; one of them may be a candidate.
    #expect(outcome.measured == outcome.evaluations && (24...27).contains(outcome.evaluations))
    #expect(trace.lines.allSatisfy { (trace.header.window[0]...trace.header.window[1]).contains($0.cost) })
    #expect(trace.lines.map(\.score.loss).min() == outcome.loss)
    #expect(trace.header.slots.map(\.layer) == work.slots.map(\.path))
    #expect(outcome.uniform.map(\.level.sparsity.kept) == [1, 2, 4])
    #expect(
      "\(outcome)".contains(
        "\(outcome.evaluations) plans on 40 held-out images, \(outcome.evaluations) of them measured now"))
  }

  /// Oracle: the masked network in libtorch, on the same images.
  @Test func `fitness is that of the pruned network`() throws {
    let search = try TinySearch()
    defer { search.remove() }
    let outcome = try search.run()
    let expected = try search.evaluation(of: outcome)
    #expect(abs(outcome.loss - expected.loss) < 1e-4 * expected.loss)
    #expect(outcome.accuracy == expected.accuracy)
  }

  @Test func `a repeated search measures nothing and ends alike; other weights are measured anew`() throws {
    let search = try TinySearch()
    defer { search.remove() }
    let first = try search.run()
    let trace = try search.trace()
    let second = try search.run()
    #expect(first.measured > 20)
    #expect(second.measured == 0)
    #expect(second.cost == first.cost && second.loss == first.loss)
    #expect(try search.trace() == trace)
    let other = try search.run(out: "other.json", weights: 2)
    #expect(other.measured == first.measured || other.measured > 20)
    #expect(other.loss != first.loss)
  }

  /// Oracle: the same search without an interruption.
  @Test(arguments: [1, 9, 23]) func `a search that was interrupted goes on to the same result`(after count: Int) throws
  {
    struct Interruption: Error {}
    let (search, whole) = (try TinySearch(), try TinySearch())
    defer {
      search.remove()
      whole.remove()
    }
    #expect(throws: Interruption.self) {
      try search.run { event in
        if case .evaluated(let progress) = event, progress.done == count { throw Interruption() }
      }
    }
    let (resumed, uninterrupted) = (try search.run(), try whole.run())
    #expect(resumed.measured < uninterrupted.measured)
    #expect(try search.trace().lines == whole.trace().lines)
    #expect(
      try Data(contentsOf: search.directory.appending(path: "plan.json"))
        == Data(contentsOf: whole.directory.appending(path: "plan.json")))
  }

  @Test func `a cache has one search at a time`() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "evaluations.jsonl")
    var first: EvaluationCache<Evaluation>? = try EvaluationCache<Evaluation>(file)
    do {
      _ = try EvaluationCache<Evaluation>(file)
      Issue.record("two searches write one file")
    } catch {
      #expect("\(error)" == "\(file.path) is being written by another run: wait for it, or choose another --out")
    }
    withExtendedLifetime(first) {}
    first = nil
    #expect(throws: Never.self) { try EvaluationCache<Evaluation>(file) }
  }

  @Test func `a cache that was cut short loses its last line alone`() throws {
    let search = try TinySearch()
    defer { search.remove() }
    let first = try search.run()
    let file = search.directory.appending(path: "evaluations.jsonl")
    let text = try String(contentsOf: file, encoding: .utf8)
    try String(text.dropLast(7)).write(to: file, atomically: true, encoding: .utf8)
    let second = try search.run()
    #expect(second.measured == 1 && second.loss == first.loss)
    #expect(
      try Set(String(contentsOf: file, encoding: .utf8).split(separator: "\n")) == Set(text.split(separator: "\n")))
    try "nonsense\n".write(to: file, atomically: true, encoding: .utf8)
    #expect {
      try search.run()
    } throws: { "\($0)".contains("line 1 is no evaluation") }
  }

  @Test func `levels and precisions are searched together`() throws {
    let search = try TinySearch("search.precisions=[fp32, bf16, int8]")
    defer { search.remove() }
    let outcome = try search.run("bytes=0.2")
    let trace = try search.trace()
    #expect(trace.header.unit == .bytes)
    #expect(trace.header.slots[0].levels.count == 9)
    let plan = try CompressionPlan(contentsOf: URL(filePath: outcome.plan))
    #expect(try search.recipe.model.configuration.multiplyAdds.packedBytes(under: plan) == outcome.cost)
    #expect(Set(plan.choices.values.map(\.precision)).count > 1)
    #expect(outcome.uniform.count == 9)
  }

  /// Oracle: the masked network in libtorch, on the same images.
  @Test func `Swin is searched as DeiT is`() throws {
    let search = try TinySearch(TinySearch.swin)
    defer { search.remove() }
    let outcome = try search.run()
    let expected = try search.evaluation(of: outcome)
    #expect(abs(outcome.loss - expected.loss) < 1e-4 * expected.loss)
    #expect(try search.trace().header.slots.count == 3 * 4)
  }

  @Test func `images can be fewer, and then every class has its share`() throws {
    let search = try TinySearch("search.images=20", "search.method={kind: random, count: 2}")
    defer { search.remove() }
    #expect(try search.run().images == 20)
  }

  @Test func `what cannot be searched fails before anything is read`() throws {
    let search = try TinySearch()
    #expect(throws: UnmetBudgetError.self) { try search.run("flops=0.1") }
    #expect(throws: BudgetUnitError.self) { try search.run("ms=1") }
    #expect(!FileManager.default.fileExists(atPath: search.directory.path))
    let wide = try TinySearch("search.levels=[2:4, 1:5]")
    #expect(throws: CompressionPlanError.self) { try wide.run() }
    let none = try TinySearch("data.searchFraction=0")
    #expect(throws: SearchRunError.noSearchSplit) { try none.run() }
  }

  @Test(arguments: [
    ("search.levels=[]", "search.levels is empty, expected at least one level"),
    ("search.precisions=[fp8]", "search.precisions names 'fp8', expected fp32, bf16, int8"),
    ("search.method={kind: magic}", "search.method.kind is 'magic', expected random, greedy, knapsack, evolutionary"),
    ("search.method={kind: random, population: 3}", "search.method.population is not a known key"),
    ("search.method={kind: evolutionary, parents: 51}", "search.method.parents is 51, expected 1 to 50"),
    ("search.method={kind: evolutionary, crossovers: 26}", "search.method.crossovers is 26, expected 0 to 25"),
    (
      "search.method={kind: evolutionary, mutation: {kind: swap, probability: 1}}",
      "search.method.mutation.probability is not a known key"
    ),
    ("search.method={kind: evolutionary, warmStart: [erk]}", "search.method.warmStart names 'erk', expected uniform"),
    ("search.measure=top5", "search.measure is 'top5', expected loss, accuracy"),
    ("search.images=0", "search.images is 0, expected 1 to 10000000"),
  ])
  func `wrong settings are refused`(override: String, message: String) {
    #expect {
      try TinySearch(override)
    } throws: { "\($0)".contains(message) }
  }

  @Test func `a recipe's search section survives writing`() throws {
    let text = """
      search.method={kind: evolutionary, population: 7, parents: 2, generations: 1, mutants: 1, crossovers: 2, \
      mutation: {kind: resample, probability: 0.3}, warmStart: [knapsack, uniform]}
      """
    for override in [text, "search.method={kind: greedy, start: cheapest}", "search.levels=[1:8, 8:8]"] {
      let recipe = try Recipe.parse(TinySearch.yaml, overrides: [override])
      #expect(try Recipe.parse(recipe.yaml()) == recipe)
    }
  }
}
