import ArgumentParser
import Foundation
import SwiftletData
import SwiftletRuntime
import SwiftletTerminal
import SwiftletTraining
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

  private struct Result: Encodable {
    let data, split: String
    let first: ClassifierScore
    let second: ClassifierScore?
    let comparison: PairedComparison?

    enum CodingKeys: String, CodingKey {
      case data, split, comparison
      case first = "model"
      case second = "against"
    }
  }

  func run() throws {
    let threads = threads ?? processorCount()
    let recipeFile = recipe.map { URL(filePath: $0) }
    let sides = try [model ?? checkpoint, against].compactMap(\.self).map {
      try Classifier(path: $0, recipe: recipeFile, averages: weights.ema, threads: threads)
    }
    for remark in sides.flatMap(\.remarks) { printToStandardError("note: \(remark)") }
    let images = try dataset(of: sides, recipeFile)
    images.printWarnings()
    let columns = try sides.map { try $0.columns(of: images.classes) }

    let progress = json ? nil : EvaluationProgress(of: images.count)
    defer { progress?.end() }
    var scores = sides.map { ClassifierScore(name: $0.name) }
    var batches = PreparedBatches(of: images, for: sides, size: batch)
    while let samples = try batches.next() {
      for (index, side) in sides.enumerated() {
        var rows = try side.score(samples.inputs[index], samples.labels.count)
        let classes = rows.count / samples.labels.count
        guard images.classes.count <= classes else {
          throw EvalError.tooFewScores(model: side.name, scores: classes, classes: images.classes.count)
        }
        if let columns = columns[index] {
          rows = samples.labels.indices.flatMap { row in columns.map { rows[row * classes + $0] } }
        }
        try scores[index].add(rows, labels: samples.labels)
      }
      progress?.show(scores[0].images)
    }
    progress?.end()

    let comparison = scores.count == 2 ? PairedComparison(scores[0], scores[1]) : nil
    if json {
      try printJSON(
        Result(
          data: data ?? "recipe", split: split, first: scores[0], second: scores.count == 2 ? scores[1] : nil,
          comparison: comparison))
    } else {
      var table = Table(columns: [
        .text("model"), .number("images"), .number("top-1"), .number("top-5"), .number("loss"),
      ])
      for score in scores {
        table.append([
          score.name, "\(score.images)", percent(score.top1), percent(score.top5), score.loss.text(decimals: 4),
        ])
      }
      try StandardOutput.print(table.text)
      if let comparison { try StandardOutput.print(comparison) }
    }
  }

  private func percent(_ share: Double) -> String { (100 * share).text(decimals: 2) + " %" }

  private func dataset(of sides: [Classifier], _ recipeFile: URL?) throws -> any ImageDataset {
    // A checkpoint's side has read the recipe's file, with what lies beside foreign weights.
    let read = sides.first { $0.isCheckpoint }?.recipe
    let recipe = try read ?? recipeFile.map { try Recipe.read(from: $0) } ?? sides.lazy.compactMap(\.recipe).first
    let place = data.map { URL(filePath: $0) }
    if let recipe, split == "test" { return try recipe.data.openTest(at: place, imageSize: recipe.model.imageSize) }
    if let recipe, split == "search" {
      return try recipe.data.open(at: place, imageSize: recipe.model.imageSize).search
    }
    guard let data else { throw EvalError.noData }
    return try ImageDatasets.open(data, split: split)
  }
}
