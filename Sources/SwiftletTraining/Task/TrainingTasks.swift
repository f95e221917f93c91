/// The tasks that `swiftlet train` knows by the key `task` of a recipe: a new one adds its row.
public enum TrainingTasks {
  public static var all: [any TrainingTask.Type] { [ImageClassificationTask.self, LanguageTask.self] }

  /// The task of a recipe; of one that names none the classification of images.
  ///
  /// - Throws: `RecipeError` if there is no task of that name.
  public static func task(of text: RecipeText) throws -> any TrainingTask.Type {
    try text.withRoot { root in
      var root = root
      let word = try root.takeTask()
      guard let task = all.first(where: { name(of: $0) == word }) else {
        throw RecipeError(
          RecipeText.taskKey, "is '\(word)', expected \(all.map { name(of: $0) }.joined(separator: ", "))")
      }
      return task
    }
  }

  /// Whether a recipe is one that a run wrote: with every default, and without a comment.
  static func isResolved(_ text: RecipeText) -> Bool {
    guard let task = try? task(of: text) else { return false }
    return isResolved(text, for: task)
  }

  private static func isResolved<Task: TrainingTask>(_ text: RecipeText, for task: Task.Type) -> Bool {
    (try? text.recipe(as: Task.Recipe.self).yaml()) == text.yaml
  }

  private static func name<Task: TrainingTask>(of task: Task.Type) -> String { Task.Recipe.task }
}
