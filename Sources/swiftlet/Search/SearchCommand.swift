import ArgumentParser
import Foundation
import SwiftletPlans
import SwiftletRuntime
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet search RECIPE --checkpoint C --budget flops=0.4 --out plan.json`: the best plan inside a budget.
struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search the best level for every layer inside a budget.",
    discussion: """
      Plans are judged on the search split of the recipe's training images, with the checkpoint's weights pruned to each \
      plan, packed and run as they would be deployed. Beside the plan lie evaluations.jsonl, from which a search that \
      Ctrl-C stopped goes on, and the trace of every candidate, of which swiftlet report makes pictures. Budgets: \
      flops=0.4 or flops=1.96G, bytes=1.2M, ms=12, time=0.5, and windows such as flops=0.38..0.42.

      By a recipe for keys and values the ranks and bits of a language model's cache are searched: --checkpoint is the \
      model's folder, plans are judged on a held-out text, and the budget is kv=0.2, a share of the bytes in 16 bits, or \
      kv=2k, bytes a token.
      """)

  @Argument(help: "The recipe; its search section says how.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String
  @Option(
    help:
      "The weights: model.safetensors of a run, or timm's or Hugging Face's weights; of a language model the folder.")
  var checkpoint: String
  @OptionGroup var weights: WeightOptions
  @Option(help: "What a plan may cost.", transform: { try Budget(parsing: $0) })
  var budget: Budget
  @Option(help: "What runs the network: the name of an accelerator, or its file.")
  var accelerator: String?
  @Option(help: "random, greedy, knapsack or evolutionary, instead of the recipe's.")
  var method: SearchMethod.Kind?
  @Option(help: "Instead of the recipe's search.seed.") var seed: Int?
  @Option(help: "Where the recipe's data lies.") var data: String?
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value of the recipe, as in search.images=1000; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []
  @Option(help: "Threads. Default: one for each processor.") var threads: Int?
  @Option(help: "The plan file to write.", completion: .file(extensions: ["json"])) var out = "plan.json"
  @Flag(help: "Print every candidate and then the result as JSON lines; no progress is shown.") var json = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads is 1 or more") }
  }

  func run() throws {
    let text = try RecipeText(contentsOf: URL(filePath: recipe), overrides: overrides)
    let isForKeysAndValues = text.isRecipe(for: KeyValueRecipe.self)
    let plan = URL(filePath: out)
    try prepareOutputs(
      [.plan(out)] + (isForKeysAndValues ? KeyValueSearch.sideOutputs(of: plan) : SearchRun.sideOutputs(of: plan)),
      reading: [recipe, checkpoint, accelerator, data])
    guard !isForKeysAndValues else { return try searchKeysAndValues(text) }
    let source = try weights.source(
      checkpoint, text: text)
    let search = try SearchRun(
      for: source, budget: budget, accelerator: accelerator.map { try Accelerator.named($0) }, method: method,
      seed: seed)
    let data = try source.openData(at: data.map { URL(filePath: $0) }, named: checkpoint)
    data.printWarnings()
    printNotes(try search.remarks())
    let console = SearchConsole<Evaluation>()
    let outcome = try search.start(
      on: source, data: data, plan: URL(filePath: out), threads: threads ?? processorCount(),
      observer: json ? printCandidate : console.callAsFunction)
    if json { try printJSON(outcome) } else { try StandardOutput.print(outcome) }
  }

  /// Ranks and bits of a language model's keys and values.
  private func searchKeysAndValues(_ text: RecipeText) throws {
    if accelerator != nil { throw ValidationError("--accelerator is for networks that are pruned") }
    if weights.ema { throw ValidationError("--ema is for networks that are pruned") }
    var recipe = try text.recipe(as: KeyValueRecipe.self)
    if let method, method != recipe.search.method.kind { recipe.search.method = SearchMethod(method) }
    if let seed { recipe.search.seed = seed }
    let source = try LanguageModelFolder(URL(filePath: checkpoint))
    let search = try KeyValueSearch(recipe, budget: budget, of: source.model.configuration)
    let (progress, console) = (StageProgress(), SearchConsole<ForecastScore>())
    defer { progress.end() }
    let isSilent = json
    let outcome = try search.start(
      on: source.model, source.tokenizer,
      data: data.map { URL(filePath: $0, directoryHint: .isDirectory) }, plan: URL(filePath: out),
      threads: threads ?? processorCount()
    ) { stage in
      if !isSilent { progress.show(stage) }
    } observer: { event in
      if isSilent { try printCandidate(event) } else { console(event) }
    }
    if json { try printJSON(outcome) } else { try StandardOutput.print(outcome) }
  }

  private func printCandidate<Score: PlanScore>(_ event: SearchEvent<Score>) throws {
    if case .evaluated(let progress) = event {
      try StandardOutput.print(SearchTrace<Score>.Line(progress.candidate).json)
    }
  }
}

extension SearchMethod.Kind: ExpressibleByArgument {}
