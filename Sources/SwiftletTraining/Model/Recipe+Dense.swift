import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN

extension Recipe.Model {
  /// The recipe's network with the weights of a checkpoint: `model.safetensors` of a run on the same model, whatever its
  /// drop path, or timm's or Hugging Face's weights.
  ///
  /// - Throws: `CheckpointError`, `ModuleError`, or `RunError.otherDense` if the run's model was another one.
  public func network(weightsAt file: URL) throws -> any ImageClassifier {
    let state = try Checkpoint.read(from: file)
    guard let yaml = state.metadata["swiftlet.recipe"] else {
      return try configuration.network(weightsAt: file)
    }
    let other = try Recipe.parse(yaml, source: file.path).model
    guard other.configuration.withoutDropPath == configuration.withoutDropPath else {
      throw RunError.otherDense(checkpoint: "\(other)", recipe: "\(self)")
    }
    let model = try make(seed: 0)
    try model.load(state, from: file.path)
    return model
  }
}
