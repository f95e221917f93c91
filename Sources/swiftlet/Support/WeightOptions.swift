import ArgumentParser
import Foundation
import SwiftletTraining
import SwiftletWorkflows

/// Which of a checkpoint's weights a command reads.
struct WeightOptions: ParsableArguments {
  @Flag(
    help: """
      Read the average of the weights over the training steps (state_dict_ema, model_ema), where the checkpoint holds \
      one beside the weights.
      """)
  var ema = false

  /// Weights that training begins with.
  func starting(_ checkpoint: String) -> StartingWeights {
    StartingWeights(URL(filePath: checkpoint), averages: ema)
  }

  /// A trained network, and on standard error what a person should know about how it was read.
  func source(_ checkpoint: String, text: RecipeText?, classes: String? = nil) throws -> TrainedModel {
    let source = try TrainedModel(
      reading: URL(filePath: checkpoint), recipe: text, averages: ema,
      classNames: classes.map { URL(filePath: $0) })
    printNotes(source.remarks)
    return source
  }

  func source(_ checkpoint: String, recipe: String?, classes: String? = nil) throws -> TrainedModel {
    try source(checkpoint, text: recipe.map { try RecipeText(contentsOf: URL(filePath: $0)) }, classes: classes)
  }
}
