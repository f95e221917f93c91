import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletModels
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

      Of a language model, a folder as Hugging Face or swiftlet import writes it, the plan is shown with what a cache keeps \
      of each token's keys and values in every layer, scales and offsets included, and in all at --context tokens; of a \
      network with low-rank keys and values those that stay whole are counted so.
      """)

  @Argument(help: "The plan file.", completion: .file(extensions: ["json"])) var plan: String
  @Option(help: "Another plan to compare with.", completion: .file(extensions: ["json"])) var against: String?
  @Option(help: "The network: a recipe; or with --checkpoint what its weights are, where they carry none.")
  var recipe: String?
  @Option(
    help: "The network: model.safetensors of a run, timm's or Hugging Face's weights, or a language model's folder.")
  var checkpoint: String?
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
  @Option(help: "Tokens of a language model's cache. Default: as many as the network is for.") var context: Int?
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard model == nil || (recipe == nil && checkpoint == nil) else {
      throw ValidationError("give one network: --recipe, --checkpoint or --model")
    }
    guard [uniform != nil, erk != nil, lamp != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("give one of --uniform, --erk and --lamp")
    }
    if rule != nil, recipe == nil, checkpoint == nil, model == nil {
      throw ValidationError("a plan is made for a network: give --recipe, --checkpoint or --model")
    }
    if lamp != nil, checkpoint == nil { throw ValidationError("--lamp looks at weights: give --checkpoint") }
    if budget != nil, erk == nil, lamp == nil { throw ValidationError("--budget goes with --erk or --lamp") }
    if [erk, lamp].contains(where: { $0?.density == .budget }), budget == nil {
      throw ValidationError("the density `budget` needs --budget")
    }
    guard context.map({ (1...1 << 24).contains($0) }) ?? true else {
      throw ValidationError("--context takes numbers from 1 to \(1 << 24)")
    }
    if context != nil, checkpoint == nil {
      throw ValidationError("--context needs a language model: give --checkpoint")
    }
    if accelerator != nil, recipe == nil, checkpoint == nil, model == nil {
      throw ValidationError("an accelerator's cost depends on the network: give --recipe, --checkpoint or --model")
    }
  }

  func run() throws {
    if let folder = languageModel {
      try showCache(of: folder)
      return
    }
    if context != nil { throw PlanOptionError.noLanguageModel }
    if rule != nil { try prepareOutputs([.plan(plan)], reading: [recipe, checkpoint, model, against, accelerator]) }
    let network = try network()
    let accelerator = try accelerator.map { try Accelerator.named($0) }
    if let network { try accelerator?.check(network: network.name) }
    if let rule, let network {
      var maker = PlanMaker(for: network)
      (maker.levels, maker.precision) = (levels.values.map(\.pattern), precision)
      (maker.budget, maker.accelerator) = (budget, accelerator)
      try maker.plan(by: rule).write(to: URL(filePath: plan))
    }
    let shown = try PlanSummary(
      name: plan, CompressionPlan(contentsOf: URL(filePath: plan)), of: network?.work, on: accelerator)
    let other = try against.map {
      try PlanSummary(name: $0, CompressionPlan(contentsOf: URL(filePath: $0)), of: network?.work, on: accelerator)
    }
    if json {
      try printJSON([shown] + [other].compactMap { $0 })
    } else {
      try StandardOutput.print(shown.text(against: other))
    }
  }

  /// The folder of a language model that the checkpoint is, or lies in as a file.
  private var languageModel: String? {
    guard let checkpoint else { return nil }
    let place = URL(filePath: checkpoint)
    if LlamaConfiguration.isDescribed(in: place) { return checkpoint }
    let folder = place.deletingLastPathComponent()
    let isFile = (try? FileIdentity(path: place.path))??.kind == .regular
    return isFile && LlamaConfiguration.isDescribed(in: folder) ? folder.path : nil
  }

  /// Shows the plan for a language model.
  private func showCache(of folder: String) throws {
    let others = [
      ("--uniform", uniform != nil), ("--erk", erk != nil), ("--lamp", lamp != nil), ("--recipe", recipe != nil),
      ("--accelerator", accelerator != nil), ("--ema", weights.ema),
    ]
    if let other = others.first(where: \.1) { throw PlanOptionError.languageModel(folder, option: other.0) }
    let configuration = try LlamaConfiguration(folder: URL(filePath: folder))
    let kept =
      LlamaModel.isLowRank(folder: URL(filePath: folder))
      ? try LlamaModel.wholeTokens(folder: URL(filePath: folder)) : WholeTokens()
    func summary(of plan: String) throws -> CachePlanSummary {
      try CachePlanSummary(
        name: plan, CompressionPlan(contentsOf: URL(filePath: plan)), of: configuration, context: context, keeping: kept
      )
    }
    let (shown, other) = try (summary(of: plan), against.map(summary(of:)))
    if json {
      try printJSON([shown] + [other].compactMap { $0 })
    } else {
      try StandardOutput.print(shown.text(against: other))
    }
  }

  private func network() throws -> PlanNetwork? {
    if let checkpoint { return PlanNetwork(try weights.source(checkpoint, recipe: recipe)) }
    if let recipe { return PlanNetwork(try Recipe.read(from: URL(filePath: recipe))) }
    return try model.map { try PlanNetwork(modelFile: $0) }
  }

  /// How the plan is made, where it is.
  private var rule: PlanMaker.Rule? {
    if let uniform { return .uniform(uniform) }
    if let erk { return .erdosRenyi(erk.density) }
    return lamp.map { .magnitudes($0.density) }
  }
}

/// The share of the weights that stay, or the word `budget`.
struct DensityName: ExpressibleByArgument, Hashable, Sendable {
  let density: PlanMaker.Density

  init?(argument: String) {
    guard let density = PlanMaker.Density(parsing: argument) else { return nil }
    self.density = density
  }
}

/// An option that the network has no use for.
private enum PlanOptionError: ExitStatusError, CustomStringConvertible {
  case languageModel(String, option: String)
  case noLanguageModel

  var exitStatus: Int32 { ExitStatus.usage }

  var description: String {
    switch self {
    case .languageModel(let folder, let option):
      "\(folder) is a language model, for which \(option) has no meaning: leave it out"
    case .noLanguageModel: "--context is for a language model's cache: leave it out, or give such a model's folder"
    }
  }
}
