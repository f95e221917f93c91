import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet plan PLAN.json`: shows a plan layer by layer with what it costs, or makes one without a search.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a plan decides and costs, compare two, or make one without a search.",
    discussion: """
      The network comes from a recipe, a checkpoint or a model file. --uniform, --erk and --lamp make the plan named first \
      instead of reading it: the same level everywhere, or the densities of Erdős–Rényi kernels or of layer-adaptive \
      magnitudes, snapped to the nearest levels. With --budget they are snapped to the nearest plan inside the budget, and \
      --erk budget takes the density that the budget allows.
      """)

  @Argument(help: "The plan file.", completion: .file(extensions: ["json"])) var plan: String
  @Option(help: "Another plan to compare with.", completion: .file(extensions: ["json"])) var against: String?
  @Option(help: "The network: a recipe; or with --checkpoint what its weights are, where they carry none.")
  var recipe: String?
  @Option(help: "The network: model.safetensors of a run, or timm's or Hugging Face's weights.") var checkpoint: String?
  @OptionGroup var weights: WeightOptions
  @Option(help: "The network: a model file.", completion: .file(extensions: ["swiftlet"])) var model: String?
  @Option(help: "What runs the network: the name of an accelerator, or its file.") var accelerator: String?
  @Option(help: "Make a plan with this level in every layer.", transform: { try SparsityPattern(parsing: $0) })
  var uniform: SparsityPattern?
  @Option(help: "Make a plan by layer shapes: the share of weights that stay, or budget.") var erk: DensityName?
  @Option(help: "Make a plan by magnitudes: the share of weights that stay, or budget.") var lamp: DensityName?
  @Option(help: "The levels to snap to.") var levels = ListOption(
    [1, 2, 4].map { PatternName(pattern: SparsityPattern(keeping: $0, of: 4)) })
  @Option(help: "The precision of the layers of a plan that is made.") var precision = Precision.fp32
  @Option(help: "What the snapped plan may cost, as in flops=0.4.", transform: { try Budget(parsing: $0) })
  var budget: Budget?
  @Flag(help: "Print one JSON object.") var json = false

  private var makes: Bool { uniform != nil || erk != nil || lamp != nil }

  func validate() throws {
    guard model == nil || (recipe == nil && checkpoint == nil) else {
      throw ValidationError("give one network: --recipe, --checkpoint or --model")
    }
    guard [uniform != nil, erk != nil, lamp != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("give one of --uniform, --erk and --lamp")
    }
    if makes, recipe == nil, checkpoint == nil, model == nil {
      throw ValidationError("a plan is made for a network: give --recipe, --checkpoint or --model")
    }
    if lamp != nil, checkpoint == nil { throw ValidationError("--lamp looks at weights: give --checkpoint") }
    if budget != nil, erk == nil, lamp == nil { throw ValidationError("--budget goes with --erk or --lamp") }
    if [erk, lamp].contains(.budget), budget == nil { throw ValidationError("the density `budget` needs --budget") }
    if accelerator != nil, recipe == nil, checkpoint == nil, model == nil {
      throw ValidationError("an accelerator's cost depends on the network: give --recipe, --checkpoint or --model")
    }
  }

  func run() throws {
    if makes { try prepareOutputs([.plan(plan)], reading: [recipe, checkpoint, model, against, accelerator]) }
    let network = try network()
    let accelerator = try accelerator.map { try Accelerator.named($0) }
    if let network { try accelerator?.check(network: network.name) }
    if makes, let network { try made(for: network, accelerator).write(to: URL(filePath: plan)) }
    let shown = try PlanSummary(
      name: plan, CompressionPlan(contentsOf: URL(filePath: plan)), network?.work, accelerator)
    let other = try against.map {
      try PlanSummary(name: $0, CompressionPlan(contentsOf: URL(filePath: $0)), network?.work, accelerator)
    }
    if json {
      try printJSON([shown] + [other].compactMap { $0 })
    } else {
      try StandardOutput.print(shown.text(against: other))
    }
  }

  private struct Network {
    let name: String
    let work: MultiplyAdds
    let model: (any Layer)?

    init(name: String, work: MultiplyAdds, model: (any Layer)? = nil) {
      (self.name, self.work, self.model) = (name, work, model)
    }

    init(_ recipe: Recipe) {
      self.init(name: "\(recipe.model)", work: recipe.model.configuration.multiplyAdds)
    }
  }

  private func network() throws -> Network? {
    if let checkpoint {
      let source = try weights.source(checkpoint, recipe: recipe)
      return Network(name: "\(source.recipe.model)", work: source.model.multiplyAdds, model: source.model)
    }
    if let recipe {
      return Network(try Recipe.read(from: URL(filePath: recipe)))
    }
    guard let model else { return nil }
    let file = try ModelFile(contentsOf: URL(filePath: model))
    guard let text = file.graph.metadata.notes[ModelNotes.recipe] else { throw PlanCommandError.noRecipe(model) }
    return Network(try Recipe.parse(text, source: model))
  }

  private func made(for network: Network, _ accelerator: Accelerator?) throws -> CompressionPlan {
    let slots = network.work.slots
    if let uniform {
      let plan = network.work.uniform(uniform, precision: precision)
      try plan.validate(for: network.work)
      return plan
    }
    let space = SearchSpace(levels.values.map(\.pattern), precisions: [precision], over: slots.map(\.path))
    func densities(_ share: Double) throws -> [Double] {
      if erk != nil { return ErdosRenyiAllocation.densities(of: slots, keeping: share) }
      let layers = network.model?.linearLayers() ?? []
      let weights = Dictionary(layers.map { ($0.path, $0.layer.weight) }, uniquingKeysWith: { first, _ in first })
      return MagnitudeAllocation.densities(of: slots.compactMap { weights[$0.path] }, keeping: share)
    }
    guard let budget else { return space.plan(nearest: try densities((erk ?? lamp)?.share ?? 1)) }
    let costs = try budget.costs(of: space, in: network.work, on: accelerator)
    let window = try budget.window(in: costs)
    let dense = costs.levels.reduce(costs.fixed) { $0 + ($1.last ?? 0) }
    let share =
      (erk ?? lamp)?.share ?? Double(window.upperBound - costs.fixed) / Double(max(1, dense - costs.fixed))
    return try space.plan(
      nearest: densities(min(1, max(0, share))), weights: slots.map(\.weights), costs: costs, window: window)
  }
}

/// The share of the weights that stay, or the word `budget`.
enum DensityName: ExpressibleByArgument, Hashable, Sendable {
  case share(Double)
  case budget

  init?(argument: String) {
    if argument == "budget" {
      self = .budget
    } else {
      guard let share = Double(argument), (0...1).contains(share) else { return nil }
      self = .share(share)
    }
  }

  var share: Double? {
    if case .share(let share) = self { share } else { nil }
  }
}

enum PlanCommandError: Error, CustomStringConvertible {
  case noRecipe(String)

  var description: String {
    switch self {
    case .noRecipe(let model): "\(model) carries no recipe that says what network it is: give --recipe or --checkpoint"
    }
  }
}
