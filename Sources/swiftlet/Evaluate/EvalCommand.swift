import ArgumentParser
import Foundation
import SwiftletRuntime
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet eval MODEL.swiftlet --data PATH [--against checkpoint]`: the same measure for a trained network and its
/// exported file.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure the accuracy of a model file or a trained network on labelled images.",
    discussion: """
      With --against a second one sees the same images, and both are compared image by image. Model \
      files and checkpoints can stand on either side. The images are the recipe's test images, or with --split another \
      part: search is what the recipe holds out of the training images, any other name is a split of the data.
      """)

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"])) var model: String?
  @Option(help: "A trained network instead: model.safetensors of a run, or timm's or Hugging Face's weights.")
  var checkpoint: String?
  @OptionGroup var weights: WeightOptions
  @Option(help: "Another model file or checkpoint to compare with.") var against: String?
  @Option(help: "Where the images lie.") var data: String?
  @Option(help: "Which images: test, search, or a split of the data.") var split = "test"
  @Option(help: "The recipe, where neither the model file nor the checkpoint carries one.") var recipe: String?
  @Option(help: "Images in each run.") var batch = 64
  @Option(help: "Threads. Default: one for each processor.") var threads: Int?
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard (model == nil) != (checkpoint == nil) else {
      throw ValidationError("give a model file or --checkpoint, one of them")
    }
    guard (1...65536).contains(batch) else { throw ValidationError("--batch takes numbers from 1 to 65536") }
    guard threads.map({ (1...ThreadPool.limit).contains($0) }) ?? true else {
      throw ValidationError("--threads takes numbers from 1 to \(ThreadPool.limit)")
    }
  }

  /// What is printed as JSON.
  private struct Result: Encodable {
    let data, split: String
    let model: ClassifierScore
    let against: ClassifierScore?
    let comparison: PairedComparison?

    init(of evaluation: ClassifierEvaluation, data: String?, split: String) {
      (self.data, self.split) = (data ?? "recipe", split)
      (model, against) = (evaluation.scores[0], evaluation.scores.dropFirst().first)
      comparison = evaluation.comparison
    }
  }

  func run() throws {
    let threads = threads ?? processorCount()
    let recipeFile = recipe.map { URL(filePath: $0) }
    let sides = try [model ?? checkpoint, against].compactMap(\.self).map {
      try Classifier(path: $0, recipe: recipeFile, averages: weights.ema, threads: threads)
    }
    printNotes(sides.flatMap(\.remarks))
    let images = try sides.images(at: data, split: split, recipe: recipeFile)
    images.printWarnings()

    let progress = json ? nil : EvaluationProgress(of: images.count)
    defer { progress?.end() }
    let evaluation = try ClassifierEvaluation(of: sides, on: images, batch: batch) { progress?.show($0) }
    progress?.end()
    if json {
      try printJSON(Result(of: evaluation, data: data, split: split))
    } else {
      try StandardOutput.print(evaluation)
    }
  }
}
