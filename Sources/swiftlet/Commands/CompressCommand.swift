import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet compress --checkpoint model.safetensors --pattern 2:4 --out DIR`: prunes a trained network; with `--method palu`
/// it makes a language model's keys and values small.
struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress",
    abstract: "Prune a trained network to N:M sparsity, or make a language model's keys and values small.",
    discussion: """
      With --method palu keys and values of a language model go through latents of low rank, in few bits: --checkpoint is \
      the model's folder, --keep, --budget or --plan say how much a cache keeps, and --out is a new folder that every command \
      reads. Of --recipe, that of a search, calibration and method are taken, and its levels and search are not: a plan says \
      what they came to. The other options concern pruning.

      Pruning writes model.safetensors, with exact zeros where weights were removed, and plan.json, which names the pattern of \
      every layer, for export. Without --finetune the network is pruned once. With it the network learns from the dense \
      one, as the recipe's compression section says; Ctrl-C leaves a checkpoint and --resume goes on from it.
      """)

  /// What is made of a network.
  enum Method: String, CaseIterable, ExpressibleByArgument { case prune, palu }

  @Option(help: "What to do: prune, or palu, for keys and values of a language model.") var method = Method.prune
  @Option(
    help: """
      The trained network: model.safetensors of a training run, or timm's or Hugging Face's weights, a file or a folder, \
      with --recipe, --finetune or a config.json beside them; of a language model the folder.
      """)
  var checkpoint: String
  @OptionGroup var weights: WeightOptions
  @Option(help: "The classes' names, one a line in the order of the scores. Default: those that the checkpoint knows.")
  var classes: String?
  @Option(help: "The recipe of weights that carry none, without finetuning.") var recipe: String?
  @Option(
    help: "Of every M weights keep N, in every layer: N:M, such as 2:4.",
    transform: { try SparsityPattern(parsing: $0) })
  var pattern: SparsityPattern?
  @Option(help: "The pattern of each layer: a plan file.") var plan: String?
  @Option(
    help: """
      What a weight is judged by: magnitude; wanda, which also looks at the activations that the pruned blocks before \
      produce; wanda-dense, which looks at the dense network's; or sparsegpt, which moves the weights that stay so that \
      each layer's outputs change least.
      """)
  var score: Recipe.Score?
  @Flag(help: "First put channels in an order in which more of the scores stays; the network computes the same.")
  var permute = false
  @Option(help: "Where the recipe's data lies.") var data: String?
  @Option(help: "Training images that wanda, wanda-dense and sparsegpt look at.") var calibrationImages = 512
  @Option(help: "Finetune by this recipe's compression section.") var finetune: String?
  @Option(help: "Whose outputs finetuning learns: model.safetensors of a run. Default: the checkpoint, unpruned.")
  var teacher: String?
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value of the recipe, as in compression.epochs=2; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []
  @Option(help: "The directory for the results.") var out: String
  @Flag(help: "Go on from the checkpoint in the results' directory.") var resume = false
  @Flag(help: "Print the result as JSON; no progress is shown.") var json = false

  @OptionGroup(title: "Options of --method palu") var keysAndValues: KeyValueOptions

  func validate() throws {
    guard method == .prune else { return try validateForKeysAndValues() }
    try keysAndValues.refuse()
    if pattern != nil && plan != nil { throw ValidationError("give --pattern or --plan, not both") }
    if finetune != nil, recipe != nil { throw ValidationError("give --recipe or --finetune, which is a recipe too") }
    if finetune == nil {
      if pattern == nil && plan == nil { throw ValidationError("give --pattern, --plan or a recipe with --finetune") }
      if teacher != nil { throw ValidationError("--teacher is for finetuning: give --finetune too") }
      if resume { throw ValidationError("--resume goes on with finetuning: give --finetune too") }
      if !overrides.isEmpty, recipe == nil {
        throw ValidationError("--set changes the recipe: give --finetune or --recipe too")
      }
    }
    if calibrationImages < 1 { throw ValidationError("--calibration-images is 1 or more") }
  }

  private func validateForKeysAndValues() throws {
    let strangers = [
      ("--ema", weights.ema), ("--classes", classes != nil), ("--pattern", pattern != nil), ("--score", score != nil),
      ("--permute", permute), ("--finetune", finetune != nil), ("--teacher", teacher != nil),
      ("--resume", resume),
    ]
    if let stranger = strangers.first(where: { $0.1 }) { throw ValidationError("\(stranger.0) is for pruning") }
    if !overrides.isEmpty, recipe == nil { throw ValidationError("--set changes the recipe: give --recipe too") }
    if data != nil, recipe == nil { throw ValidationError("--data is where a recipe's texts lie: give --recipe too") }
    try keysAndValues.check(hasPlan: plan != nil, hasRecipe: recipe != nil)
  }

  private func compressKeysAndValues() throws {
    let folder = URL(filePath: out)
    _ = try NewFolder(folder)
    Torch.setThreads(keysAndValues.threads ?? processorCount())
    let text = try recipe.map { try RecipeText(contentsOf: URL(filePath: $0), overrides: overrides) }
    var (compressor, wanted) = try keysAndValues.compressor(of: checkpoint, recipe: text, data: data, plan: plan)
    let progress = StageProgress()
    defer { progress.end() }
    if !json {
      compressor.observer = { progress.show($0) }
    }
    let result = try compressor.compress(to: wanted, into: folder)
    progress.end()
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }

  func run() throws {
    guard method == .prune else { return try compressKeysAndValues() }
    try checkOutputs(of: URL(filePath: out))
    let text = try (finetune ?? recipe).map { try RecipeText(contentsOf: URL(filePath: $0), overrides: overrides) }
    var compressor = try Compressor(
      weights.source(checkpoint, text: text, classes: classes), finetunes: finetune != nil,
      data: data.map { URL(filePath: $0) })
    printWarnings(compressor.warnings)
    if let plan {
      compressor.plan = try CompressionPlan(contentsOf: URL(filePath: plan))
    } else if let pattern {
      compressor.plan = .uniform(pattern, model: compressor.dense)
    }
    if let score { compressor.score = score }
    if permute { compressor.permutes = true }
    if let teacher { try compressor.learn(from: URL(filePath: teacher)) }
    compressor.calibrationImages = calibrationImages
    printNotes(try KernelSpeed.remarks(on: compressor.plan.exportableChoices, of: compressor.dense.multiplyAdds))
    if !json { compressor.observer = ConsoleProgress().callAsFunction }
    let result = try compressor.compress(to: RunDirectory(URL(filePath: out)), resume: resume)
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }
}

extension CompressCommand {
  private func checkOutputs(of folder: URL) throws {
    let planFile = Compressor.planFile(in: RunDirectory(folder))
    // The plan that a search left in the folder is written as it was read.
    let keepsPlan = plan.map { CompressionPlan.isWritten(at: URL(filePath: $0)) } ?? false
    let isSame = try plan.map { try FileIdentity(path: $0) == FileIdentity(path: planFile.path) } ?? false
    try checkRunOutputs(
      folder, resuming: resume, reading: [checkpoint, keepsPlan && isSame ? nil : plan, finetune, teacher, data],
      trains: finetune != nil, beside: [.plan(planFile.path)])
  }
}

extension Recipe.Score: ExpressibleByArgument {}
