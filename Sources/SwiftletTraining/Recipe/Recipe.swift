import SwiftletModels

/// A run written down: model, data, training and, where it prunes, supernet or compression. The YAML files in recipes/ are recipes.
///
/// Every key has a default unless stated otherwise; unknown keys and values out of range are errors.
public struct Recipe: Hashable, Sendable {
  public var model: Model
  public var data: DataSource
  public var training = Training()
  /// Training all plans in one set of weights; `training` then says how.
  public var supernet: Supernet?
  /// Pruning and finetuning, read by `swiftlet compress`.
  public var compression: Compression?
  /// How `swiftlet search` looks for a plan.
  public var search: Search?

  public init(
    model: Model, data: DataSource, training: Training = Training(), supernet: Supernet? = nil,
    compression: Compression? = nil
  ) {
    (self.model, self.data, self.training) = (model, data, training)
    (self.supernet, self.compression) = (supernet, compression)
  }

  /// The recipe whose training is the finetuning of this one's compression: its epochs, rate, warm-up and distillation.
  public var finetuning: Recipe {
    guard let compression else { return self }
    var recipe = self
    recipe.supernet = nil
    recipe.training.epochs = compression.epochs
    recipe.training.learningRate = compression.learningRate
    recipe.training.warmupEpochs = compression.warmupEpochs
    recipe.training.distillation = compression.distillation
    return recipe
  }
}

extension Recipe: TaskRecipe {
  public static let task = "image-classification"

  public var loop: TrainingSettings {
    get { training.loop }
    set { training.loop = newValue }
  }
}

extension Recipe {
  /// Checks that the network sees what pictures have, and that mean and deviation are those of its channels.
  private func validateChannels() throws {
    let channels = model.configuration.channels
    guard channels == 1 || channels == 3 else {
      throw RecipeError("model.configuration.channels", "is \(channels), expected 3, for colours, or 1, for grey")
    }
    for (name, values) in [("mean", data.mean), ("deviation", data.deviation)] where values.count != channels {
      throw RecipeError(
        "data.\(name)",
        "has \(values.count) values, expected \(channels), as model.configuration.channels says: "
          + (channels == 1 ? "[0.5] will do for grey" : "one each for red, green and blue"))
    }
  }
}

extension Recipe: RecipeSection {
  public static var defaults: Recipe { Recipe(model: Model(.deit(DeiTConfiguration())), data: DataSource()) }
  public static var keys: [RecipeKey<Self>] {
    Key("model", \.model).required()
    Key("data", \.data).required().checked { recipe, _ in try recipe.validateChannels() }
    Key("training", \.training)
    Key("supernet", \.supernet).checked { try $0.supernet?.check(at: $1, in: $0) }
    Key("compression", \.compression)
    Key("search", \.search)
  }
}
