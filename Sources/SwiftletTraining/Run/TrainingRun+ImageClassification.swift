import Foundation
import SwiftletCompression
import SwiftletModels
import SwiftletNN

/// A run of a classifier in one call; what the parameters mean stands at ``ImageClassificationTask``.
extension TrainingRun where Task == ImageClassificationTask {
  public var model: any Layer { task.model }
  public var teacher: (any Layer)? { task.teacher }
  public var supernet: SwiftletCompression.Supernet? { task.supernet }
  public var data: TrainingData { task.data }

  public convenience init(recipe: Recipe, data: URL?, output: URL, resume: Bool = false) throws {
    try self.init(ImageClassificationTask(recipe: recipe, data: data), output: output, resume: resume)
  }

  public convenience init(
    recipe: Recipe, data: URL?, start: URL, output: URL, resume: Bool = false
  ) throws {
    try self.init(
      ImageClassificationTask(RecipeText(recipe), data: data, start: StartingWeights(start)), output: output,
      resume: resume)
  }

  public convenience init(recipe: Recipe, data: URL?, dense: URL, output: URL, resume: Bool = false) throws {
    try self.init(
      ImageClassificationTask(RecipeText(recipe), data: data, dense: StartingWeights(dense)), output: output,
      resume: resume)
  }

  public convenience init(
    recipe: Recipe, supernetOf dense: any Layer & CompressibleModel, data: TrainingData, output: URL,
    resume: Bool = false
  ) throws {
    try self.init(
      ImageClassificationTask(recipe: recipe, supernetOf: dense, data: data), output: output, resume: resume)
  }

  /// - Parameter lock: the output's, where the caller has it already and writes there too.
  public convenience init(
    recipe: Recipe, model: any Layer, data: TrainingData, output: URL, resume: Bool = false,
    teacher: (any Layer)? = nil, lock: RunLock? = nil
  ) throws {
    try self.init(
      ImageClassificationTask(recipe: recipe, model: model, data: data, teacher: teacher), output: output,
      resume: resume, lock: lock)
  }
}
