import Foundation
import SwiftletData
import SwiftletTraining
import TestSupport

/// A DeiT of one block for drawn images, small enough for a test to train, with random weights.
public enum SmallNetwork {
  public static let yaml = """
    model:
      family: deit
      configuration: {imageSize: 16, patchSize: 4, width: 32, depth: 1, heads: 2, classes: 10}
    data:
      kind: shapes
      searchFraction: 0.25
      shapes: {training: 64, test: 8}
    training: {epochs: 1, batchSize: 16, threads: 1}
    """

  /// Writes its checkpoint as a training run does, `dense.safetensors` in a folder that is otherwise empty.
  public static func withCheckpoint(_ body: (_ checkpoint: URL, _ directory: URL) throws -> Void) throws {
    let folder = try TemporaryFolder()
    let recipe = try Recipe.parse(yaml)
    let checkpoint = folder.url.appending(path: "dense.safetensors")
    try TrainedModel.write(
      recipe.model.make(seed: 1), recipe: recipe, classes: ProceduralShapes(count: 0, seed: 0, side: 16).classes,
      to: checkpoint)
    try body(checkpoint, folder.url)
  }
}
