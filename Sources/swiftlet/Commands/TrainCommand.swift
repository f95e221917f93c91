import ArgumentParser
import Foundation
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
      """)

  @Argument(help: "The recipe, a YAML file.") var recipe: String
  @Option(help: "Where the recipe's data lies.") var data: String?
  @Option(
    help:
      "The dense network that a supernet starts from: model.safetensors of a run, or timm's or Hugging Face's weights.")
  var checkpoint: String?
  @OptionGroup var weights: WeightOptions
  @Option(help: "The run directory. Default: runs/ and the recipe's name.") var out: String?
  @Flag(help: "Go on from the checkpoint in the run directory.") var resume = false
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value of the recipe, as in training.epochs=2; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []
  @Flag(help: "Print the result as JSON; no progress is shown.") var json = false

  func run() throws {
    let file = URL(filePath: recipe)
    let output = URL(filePath: out ?? "runs/\(file.deletingPathExtension().lastPathComponent)")
    try checkRunOutputs(output, resuming: resume, reading: [recipe, checkpoint, data])
    let run = try run(RecipeText(contentsOf: file, overrides: overrides), output)
    run.data.printWarnings()
    let progress = ConsoleProgress()
    let result = try run.start(observer: json ? nil : progress.callAsFunction)
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }

  private func run(_ recipe: RecipeText, _ output: URL) throws -> TrainingRun<ImageClassificationTask> {
    let place = data.map { URL(filePath: $0) }
    guard let checkpoint else {
      return try TrainingRun(recipe: recipe.recipe(), data: place, output: output, resume: resume)
    }
    guard try recipe.recipe().supernet != nil else { throw RunError.noSupernet }
    let dense = try weights.source(checkpoint, text: recipe)
    return try TrainingRun(
      recipe: dense.recipe, supernetOf: dense.model,
      data: dense.recipe.data.open(at: place, imageSize: dense.recipe.model.imageSize)
        .labelled(by: dense.classes, of: checkpoint),
      output: output, resume: resume)
  }
}
