import Foundation

/// A recipe as it was written: what it states, and what it leaves to defaults or to the files beside foreign weights.
public struct RecipeText: Hashable, Sendable {
  public let yaml: String
  /// What errors call it.
  public let source: String
  /// What is set on top, such as `training.epochs=2`.
  public let overrides: [String]

  public init(_ yaml: String, source: String = "recipe", overrides: [String] = []) {
    (self.yaml, self.source, self.overrides) = (yaml, source, overrides)
  }

  /// - Throws: `RecipeError` if there is no such text.
  public init(contentsOf file: URL, overrides: [String] = []) throws {
    do {
      self.init(try String(contentsOf: file, encoding: .utf8), source: file.relativePath, overrides: overrides)
    } catch {
      let missing = !FileManager.default.fileExists(atPath: file.path)
      throw RecipeError("", missing ? "there is no such recipe" : "cannot be read as text", source: file.relativePath)
    }
  }

  /// A recipe with all its values stated.
  public init(_ recipe: some NamedRecipe) throws { self.init(try recipe.yaml()) }

  /// The recipe of a classifier; absent keys have their defaults.
  public func recipe() throws -> Recipe { try recipe(as: Recipe.self) }

  /// The recipe of a task; absent keys have their defaults.
  public func recipe<Kind: NamedRecipe>(as kind: Kind.Type) throws -> Kind { try Kind.decode(self) { _ in } }

  /// Whether the key `task` says that it is such a recipe, whatever else it says.
  public func isRecipe<Kind: NamedRecipe>(for kind: Kind.Type) -> Bool {
    (try? withRoot { root in
      var root = root
      return try root.takeTask() == Kind.task
    }) ?? false
  }
}
