import Foundation
import SwiftletData
import SwiftletTraining

extension [Classifier] {
  /// The images that these classifiers are measured on, by the recipe that one of them was trained by.
  ///
  /// - Parameters:
  ///   - path: where the images lie; a recipe may draw its own.
  ///   - split: `test`, `search` (what the recipe holds out of its training images), or a split of the data.
  ///   - file: a recipe, where no classifier carries one.
  /// - Throws: ``EvalError/noData`` if there are no images to find, `DataError` or `RecipeError` if they cannot be read.
  public func images(
    at path: String?, split: String = "test", recipe file: URL? = nil
  ) throws -> any ImageDataset {
    // A checkpoint's side has read the recipe's file, with what lies beside foreign weights.
    let read = first { $0.isCheckpoint }?.recipe
    let recipe = try read ?? file.map { try Recipe.read(from: $0) } ?? lazy.compactMap(\.recipe).first
    let place = path.map { URL(filePath: $0) }
    if let recipe, split == "test" { return try recipe.data.openTest(at: place, imageSize: recipe.model.imageSize) }
    if let recipe, split == "search" {
      return try recipe.data.open(at: place, imageSize: recipe.model.imageSize).search
    }
    guard let path else { throw EvalError.noData }
    return try ImageDatasets.open(path, split: split)
  }
}
