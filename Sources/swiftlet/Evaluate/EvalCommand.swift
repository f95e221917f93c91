import ArgumentParser
import Foundation
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet eval MODEL.swiftlet --data PATH [--against checkpoint]`: the same measure for a trained network and its
/// exported file; `swiftlet eval FOLDER --metric perplexity --data TEXT`: that of a language model.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract:
      "Measure the accuracy of a classifier on labelled images, or the perplexity of a language model on a text.",
    discussion: """
      With --against a second one sees the same images, and both are compared image by image. Model \
      files and checkpoints can stand on either side. The images are the recipe's test images, or with --split another \
      part: search is what the recipe holds out of the training images, any other name is a split of the data.

      With --metric perplexity the model is a folder as Hugging Face or swiftlet import writes it, or a model file of a \
      language model. The text is tokenised once and read in windows side by side, of each of which all tokens but the \
      first are foretold; the tail is left out. With --per-document each document is read alone, from its first token \
      on. --against tells how far the forecasts are from those of another one: the mean and the 99.9 % quantile of the \
      KL divergence, and how often both foretell the same token first.
      """)

  /// What is measured.
  enum Metric: String, CaseIterable, ExpressibleByArgument { case accuracy, perplexity }

  @Argument(help: "The model file, or a language model's folder.", completion: .file(extensions: ["swiftlet"]))
  var model: String?
  @Option(help: "What is measured: accuracy, or perplexity.") var metric = Metric.accuracy
  @Option(help: "A trained network instead: model.safetensors of a run, or timm's or Hugging Face's weights.")
  var checkpoint: String?
  @OptionGroup var weights: WeightOptions
  @Option(help: "Another model file or checkpoint to compare with.") var against: String?
  @Option(help: "Where the images lie, or a text file.") var data: String?
  @Option(help: "Which images: test (the default), search, or a split of the data.") var split: String?
  @Option(help: "The recipe, where neither the model file nor the checkpoint carries one.") var recipe: String?
  @Option(help: "Images in each run. Default: 64.") var batch: Int?
  @OptionGroup var text: PerplexityOptions
  @Option(help: "Threads. Default: one for each processor.") var threads: Int?
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard (model == nil) != (checkpoint == nil) else {
      throw ValidationError("give a model file or --checkpoint, one of them")
    }
    guard batch.map({ (1...65536).contains($0) }) ?? true else {
      throw ValidationError("--batch takes numbers from 1 to 65536")
    }
    guard threads.map({ (1...ThreadPool.limit).contains($0) }) ?? true else {
      throw ValidationError("--threads takes numbers from 1 to \(ThreadPool.limit)")
    }
    switch metric {
    case .accuracy:
      guard !text.areGiven else {
        throw ValidationError("--window, --per-document and --limit go with --metric perplexity")
      }
    case .perplexity: try validatePerplexity()
    }
  }

  private func validatePerplexity() throws {
    guard model != nil, checkpoint == nil, split == nil, recipe == nil, batch == nil, !weights.ema else {
      throw ValidationError(
        "--metric perplexity takes a folder or model file, --data, --against, --window, --per-document, --limit and --threads"
      )
    }
    guard data != nil else { throw ValidationError("--metric perplexity needs a text: give --data") }
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
    switch metric {
    case .accuracy: try runAccuracy()
    case .perplexity: try runPerplexity()
    }
  }

  private func runPerplexity() throws {
    var request = LanguageModelEvaluation.Request(model: model ?? "", text: text.request(data ?? ""))
    (request.reference, request.threads) = (against, threads ?? processorCount())
    var progress: EvaluationProgress?
    defer { progress?.end() }
    let report = try LanguageModelEvaluation(request) { done, targets in
      if json { return }
      if progress == nil { progress = EvaluationProgress(of: targets, unit: "token") }
      progress?.show(done)
    }.report
    progress?.end()
    if json { try printJSON(report) } else { try StandardOutput.print(report) }
  }

  private func runAccuracy() throws {
    let split = split ?? "test"
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
    let evaluation = try ClassifierEvaluation(of: sides, on: images, batch: batch ?? 64) { progress?.show($0) }
    progress?.end()
    if json {
      try printJSON(Result(of: evaluation, data: data, split: split))
    } else {
      try StandardOutput.print(evaluation)
    }
  }
}
