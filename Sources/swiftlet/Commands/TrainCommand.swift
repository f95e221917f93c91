import ArgumentParser
import Foundation
import SwiftletFiles
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet train recipes/deit-cifar10.yaml --data PATH`: trains a recipe's network.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train the network of a recipe.",
    discussion: """
      The run directory receives the resolved recipe, metrics as JSON lines, a checkpoint and, at the end, the weights \
      (model.safetensors). Ctrl-C leaves a checkpoint; --resume goes on from it as if nothing had happened.

      A recipe with a supernet section trains one set of weights for all plans of its search space. It starts from a \
      trained dense network, which is the teacher too: give that with --checkpoint. What it writes is compressed by any \
      plan with swiftlet compress --plan, without further training.

      Any other training begins with random weights, or with those of --start: model.safetensors of a run, or timm's or \
      Hugging Face's weights. They are where the run begins and nothing more; no teacher is kept. Every tensor has to fit, \
      but for the head where the recipe says model.newHead. A run is resumed with the same --start.
      """)

  @Argument(help: "The recipe, a YAML file.") var recipe: String
  @Option(help: "Where the recipe's data lies.") var data: String?
  @Option(
    help: """
      The dense network that a supernet starts from and learns from: model.safetensors of a run, or timm's or Hugging \
      Face's weights.
      """)
  var checkpoint: String?
  @Option(help: "Weights to begin with in place of random ones, of any recipe without a supernet.") var start: String?
  @OptionGroup var weights: WeightOptions
  @Option(help: "The run directory. Default: runs/ and the recipe's name.") var out: String?
  @Flag(help: "Go on from the checkpoint in the run directory.") var resume = false
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value of the recipe, as in training.epochs=2; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []
  @Flag(help: "Print the result as JSON; no progress is shown.") var json = false

  func validate() throws {
    if start != nil && checkpoint != nil { throw ValidationError("--start and --checkpoint exclude each other") }
  }

  func run() throws {
    let file = URL(filePath: recipe)
    let output = URL(filePath: out ?? "runs/\(file.deletingPathExtension().lastPathComponent)")
    let text = try RecipeText(contentsOf: file, overrides: overrides)
    if text.isRecipe(for: KeyValueRecipe.self) { throw UntrainableRecipe(recipe: recipe, command: "search") }
    if text.isRecipe(for: KeyValueComparisonRecipe.self) {
      throw UntrainableRecipe(recipe: recipe, command: "compare")
    }
    let task = try TrainingTasks.task(of: text)
    let resuming = resume
    try checkRunOutputs(
      output, resuming: resuming, reading: [recipe, checkpoint, start, data],
      beside: task.sideFiles.map {
        PlannedOutput(output.appending(path: $0).path, kind: "a file of this run") { _ in resuming }
      })
    let place = data.map { URL(filePath: $0) }
    if let checkpoint {
      try train(ImageClassificationTask(text, data: place, dense: weights.starting(checkpoint)), output)
    } else {
      try train(task.init(text, data: place, start: start.map(weights.starting)), output)
    }
  }

  private func train(_ task: some TrainingTask, _ output: URL) throws {
    printNotes(task.remarks)
    let run = try TrainingRun(task, output: output, resume: resume)
    printWarnings(task.warnings)
    let progress = ConsoleProgress()
    let result = try run.start(observer: json ? nil : progress.callAsFunction)
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }
}

/// A recipe of another command.
private struct UntrainableRecipe: ExitStatusError, CustomStringConvertible {
  let recipe, command: String

  var exitStatus: Int32 { ExitStatus.usage }
  var description: String { "\(recipe) trains nothing: it is for swiftlet \(command)" }
}
