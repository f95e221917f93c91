import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN

/// A trained network in one safetensors file: the weights by timm's names, and the recipe and class names as metadata.
public struct TrainedModel {
  public let model: any ImageClassifier
  public let recipe: Recipe
  public let classes: [String]

  /// Reads what a training run wrote as `model.safetensors`.
  ///
  /// - Throws: `CheckpointError`, or `RunError.damaged` when metadata or weights are not those of a trained model.
  public static func read(from file: URL) throws -> TrainedModel {
    let state = try Checkpoint.read(from: file)
    guard let yaml = state.metadata["swiftlet.recipe"], let names = state.metadata["swiftlet.classes"] else {
      throw RunError.damaged(file, problem: "it carries no recipe, so it is not the model.safetensors of a run")
    }
    let recipe = try Recipe.parse(yaml, source: file.path)
    let classes = try decode(names, of: file)
    let model = try recipe.model.make(seed: recipe.training.seed)
    try model.load(state, from: file.path)
    return TrainedModel(model: model, recipe: recipe, classes: classes)
  }

  /// The class names that a run's file carries; none of other weights.
  static func classes(of file: URL) throws -> [String] {
    try Checkpoint.read(from: file).metadata["swiftlet.classes"].map { try decode($0, of: file) } ?? []
  }

  private static func decode(_ names: String, of file: URL) throws -> [String] {
    guard let classes = try? JSONDecoder().decode([String].self, from: Data(names.utf8)) else {
      throw RunError.damaged(file, problem: "its class names cannot be read")
    }
    return classes
  }

  /// Writes the weights of `model`, whole or not at all.
  public static func write(_ model: any Layer, recipe: Recipe, classes: [String], to file: URL) throws {
    var state = model.stateDictionary()
    do {
      state.metadata["swiftlet.recipe"] = try recipe.yaml()
      state.metadata["swiftlet.classes"] = String(decoding: try JSONEncoder().encode(classes), as: UTF8.self)
      try Checkpoint.write(state, to: file, format: .safetensors)
    } catch let error as CheckpointError {
      throw error  // Says all that is to say.
    } catch {
      throw RunError.cannotWrite(file, reason: "\(error)")
    }
  }
}
