import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletTraining

/// A trained network with what belongs to it: read from a run's `model.safetensors`, or from timm's or Hugging Face's
/// weights together with a recipe that says what they are.
struct TrainedSource {
  let model: any ImageClassifier
  let recipe: Recipe
  /// Empty where nobody says.
  let classes: [String]

  init(checkpoint: URL, recipe file: URL?) throws {
    if let file, try Checkpoint.read(from: checkpoint).metadata["swiftlet.recipe"] == nil {
      let recipe = try Recipe.read(from: file)
      model = try recipe.model.configuration.network(weightsAt: checkpoint)
      (self.recipe, classes) = (recipe, [])
    } else {
      let trained = try TrainedModel.read(from: checkpoint)
      (model, classes) = (trained.model, trained.classes)
      recipe = try file.map { try Recipe.read(from: $0) } ?? trained.recipe
      guard recipe.model.configuration == trained.recipe.model.configuration else {
        throw TrainedSourceError.otherNetwork
      }
    }
    model.evaluate()
  }
}

enum TrainedSourceError: Error, CustomStringConvertible {
  case otherNetwork

  var description: String {
    "the recipe describes another network than the checkpoint holds: leave --recipe out, the checkpoint has its own"
  }
}
