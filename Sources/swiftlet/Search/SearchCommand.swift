import ArgumentParser
import Foundation
import SwiftletCompression
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
      """)

  @Argument(help: "The recipe; its search section says how.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String
  @Option(help: "The weights: model.safetensors of a run, or timm's or Hugging Face's weights.")
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
    try prepareOutputs(
      [.plan(out)] + SearchRun.sideOutputs(of: URL(filePath: out)), reading: [recipe, checkpoint, accelerator, data])
    let source = try weights.source(
      checkpoint, text: RecipeText(contentsOf: URL(filePath: self.recipe), overrides: overrides))
    var recipe = source.recipe
    var settings = recipe.search ?? Recipe.Search()
    if let method, method != settings.method.kind { settings.method = SearchMethod(method) }
    if let seed { settings.seed = seed }
    recipe.search = settings

    let accelerator = try accelerator.map { try Accelerator.named($0) }
    let work = recipe.model.configuration.multiplyAdds
    let search = try SearchRun(recipe, budget: budget, of: work, accelerator: accelerator)
    let data = try recipe.data.open(at: data.map { URL(filePath: $0) }, imageSize: recipe.model.imageSize)
      .labelled(by: source.classes, of: checkpoint)
    data.printWarnings()
    let choices = search.problem.space.slots.flatMap { slot in slot.levels.map { (slot.path, $0) } }
    printNotes(try KernelSpeed.remarks(on: choices, of: work))
    let console = SearchConsole<ImageFitness>()
    let outcome = try search.start(
      on: source.model, inputShape: source.model.inputShape, data: data, plan: URL(filePath: out),
      threads: threads ?? processorCount(),
      observer: json ? printCandidate : console.callAsFunction)
    if json { try printJSON(outcome) } else { try StandardOutput.print(outcome) }
  }

  private func printCandidate(_ event: SearchEvent<ImageFitness>) throws {
    if case .evaluated(let progress) = event {
      try StandardOutput.print(SearchTrace<ImageFitness>.Line(progress.candidate).json)
    }
  }
}

extension SearchMethod.Kind: ExpressibleByArgument {}
