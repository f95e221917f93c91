import SwiftletTraining

/// In a file:
/// ```yaml
/// task: listening
/// model: {width: 8}
/// data: {training: 64, search: 16, seed: 3}
/// training: {epochs: 2, batchSize: 8}
/// ```
public struct ListeningRecipe: Hashable, Sendable {
  public var model = Model()
  public var data = Data()
  public var training = TrainingSettings()

  public init() {}

  public struct Model: Hashable, Sendable {
    public var width = 8
  }

  public struct Data: Hashable, Sendable {
    /// How many sounds are drawn to train on, and to rank networks by.
    public var training = 64
    public var search = 16
    public var seed = 0
  }
}

extension ListeningRecipe: TaskRecipe {
  public static let task = "listening"

  public var loop: TrainingSettings {
    get { training }
    set { training = newValue }
  }

  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("model", \.model)
    Key("data", \.data)
    Key("training", \.training)
  }
}

extension ListeningRecipe.Model: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("width", \.width, .in(1...1024))
  }
}

extension ListeningRecipe.Data: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("training", \.training, .in(1...1_000_000))
    Key("search", \.search, .in(0...1_000_000))
    Key("seed", \.seed, .in(0...Int.max))
  }
}
