import Foundation
import SwiftletModels
import SwiftletTraining

/// A trained network for use: read from a run's `model.safetensors`, or from timm's or Hugging Face's weights together
/// with a recipe or the configuration beside them.
///
/// ```swift
/// let source = try TrainedSource(checkpoint: URL(filePath: "run/model.safetensors"), recipe: nil)
/// ```
public struct TrainedSource {
  /// In inference mode.
  public let model: any ImageClassifier
  /// What it was trained by, or the one that was given instead.
  public let recipe: Recipe
  /// The classes' names, in the order of the scores. Empty where nobody says.
  public let classes: [String]
  /// What the weights lie in.
  public let files: [URL]
  /// What a person should know about how the weights were read.
  public let remarks: [String]

  /// - Parameters:
  ///   - text: what foreign weights are; of a run's own network, what to use it with.
  ///   - averages: whether the weights' average over the steps is wanted, where the checkpoint holds one beside them.
  ///   - classNames: a text file of one class's name a line.
  /// - Throws: as `TrainedModel(reading:recipe:averages:classNames:)` does.
  public init(checkpoint: URL, text: RecipeText?, averages: Bool = false, classNames: URL? = nil) throws {
    let trained = try TrainedModel(reading: checkpoint, recipe: text, averages: averages, classNames: classNames)
    (model, recipe, classes) = (trained.model, trained.recipe, trained.classes)
    (files, remarks) = (trained.files, trained.remarks)
    model.evaluate()
  }

  /// - Parameter file: the recipe of weights that carry none.
  public init(checkpoint: URL, recipe file: URL?) throws {
    try self.init(checkpoint: checkpoint, text: file.map { try RecipeText(contentsOf: $0) })
  }
}

extension TrainedSource {
  /// The data of its recipe, with labels that are indices into its classes.
  ///
  /// - Parameters:
  ///   - place: where the data lies; a recipe may draw its own.
  ///   - name: what errors call the network; the file of its weights without one.
  /// - Throws: `DataError` or `RecipeError` if the data cannot be read, or are of other classes.
  public func openData(at place: URL?, named name: String? = nil) throws -> TrainingData {
    try recipe.data.open(at: place, imageSize: recipe.model.imageSize)
      .labelled(by: classes, of: name ?? files.first?.path ?? "the checkpoint")
  }

  /// The SHA-256 of the file of the weights; of shards that of the list which `sha256sum` prints of them.
  public func checksum() throws -> String {
    let sums = try files.map { SHA256.hexadecimal(of: try Data(contentsOf: $0, options: .mappedIfSafe)) }
    if sums.count == 1 { return sums[0] }
    let list = zip(sums, files).map { "\($0)  \($1.lastPathComponent)\n" }.joined()
    return SHA256.hexadecimal(of: Data(list.utf8))
  }
}
