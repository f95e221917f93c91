/// What is wrong with a recipe: where, what, and what was expected.
public struct RecipeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, or how the recipe came in.
  public var source: String
  /// The line of the offending key, where it came from a file.
  public var line: Int?
  /// The dotted key, e.g. `training.batchSize`; empty for the recipe as a whole.
  public let key: String
  /// One phrase that continues the key: `is 0, expected 1...65536`.
  public let problem: String

  public init(_ key: String, _ problem: String, source: String = "recipe", line: Int? = nil) {
    (self.key, self.problem, self.source, self.line) = (key, problem, source, line)
  }

  /// Whether an override, `--set key=value`, is wrong, and not the recipe.
  public var isOverride: Bool { source.hasPrefix("--set ") }

  public var description: String {
    let place = line.map { "\(source):\($0)" } ?? source
    return key.isEmpty ? "\(place): \(problem)" : "\(place): \(key) \(problem)"
  }
}
