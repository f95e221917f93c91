/// A recipe that says by the key `task` what it is for.
public protocol NamedRecipe: RecipeSection, Hashable, Sendable {
  /// The word behind the key `task`, in lower case with hyphens.
  static var task: String { get }
}

/// The recipe of a task: sections of its own, and what the training loop needs.
public protocol TaskRecipe: NamedRecipe {
  /// What the section `training` says to the loop.
  var loop: TrainingSettings { get set }
}

extension NamedRecipe {
  /// - Throws: `RecipeError` for the first value out of range.
  public func validate() throws { try validate(at: "") }
}

extension TaskRecipe {
  /// This recipe with a precision in place of `auto`.
  func settled(_ precision: Recipe.Arithmetic) -> Self {
    var recipe = self
    if recipe.loop.precision == .auto { recipe.loop.precision = precision }
    return recipe
  }
}
