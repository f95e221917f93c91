import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTraining

/// A network as far as plans look at it: its name, the work of its layers and, where they are known, its weights.
public struct PlanNetwork {
  /// In words, as accelerators name it.
  public let name: String
  public let work: MultiplyAdds
  /// Nil where only the shape is known.
  public let model: (any Layer)?

  private init(name: String, work: MultiplyAdds, model: (any Layer)? = nil) {
    (self.name, self.work, self.model) = (name, work, model)
  }

  /// The network of a recipe, without weights.
  public init(_ recipe: Recipe) {
    self.init(name: "\(recipe.model)", work: recipe.model.configuration.multiplyAdds)
  }

  /// A trained network.
  public init(_ source: TrainedModel) {
    self.init(name: "\(source.recipe.model)", work: source.model.multiplyAdds, model: source.model)
  }

  /// The network that a model file was made from.
  ///
  /// - Throws: `ModelFileError`, or ``PlanMakerError/noRecipe(_:)`` if the file does not say.
  public init(modelFile path: String) throws {
    let file = try ModelFile(contentsOf: URL(filePath: path))
    guard let text = file.graph.metadata.notes[ModelNotes.recipe] else { throw PlanMakerError.noRecipe(path) }
    self.init(try Recipe.parse(text, source: path))
  }
}
