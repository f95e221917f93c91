import Foundation
import SwiftletModels
import SwiftletTraining

/// A trained network for use: read from a run's `model.safetensors`, or from timm's or Hugging Face's weights together
/// with a recipe or the configuration beside them.
public struct TrainedSource {
  public let model: any ImageClassifier
  public let recipe: Recipe
  /// Empty where nobody says.
  public let classes: [String]
  /// What the weights lie in.
  public let files: [URL]
  /// What a person should know about how the weights were read.
  public let remarks: [String]

  public init(checkpoint: URL, text: RecipeText?, averages: Bool = false, classNames: URL? = nil) throws {
    let trained = try TrainedModel(reading: checkpoint, recipe: text, averages: averages, classNames: classNames)
    (model, recipe, classes) = (trained.model, trained.recipe, trained.classes)
    (files, remarks) = (trained.files, trained.remarks)
    model.evaluate()
  }

  public init(checkpoint: URL, recipe file: URL?) throws {
    try self.init(checkpoint: checkpoint, text: file.map { try RecipeText(contentsOf: $0) })
  }
}

extension TrainedSource {
  /// The SHA-256 of the file of the weights; of shards that of the list which `sha256sum` prints of them.
  public func checksum() throws -> String {
    let sums = try files.map { SHA256.hexadecimal(of: try Data(contentsOf: $0, options: .mappedIfSafe)) }
    if sums.count == 1 { return sums[0] }
    let list = zip(sums, files).map { "\($0)  \($1.lastPathComponent)\n" }.joined()
    return SHA256.hexadecimal(of: Data(list.utf8))
  }
}
