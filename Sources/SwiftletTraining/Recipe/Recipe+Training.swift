import SwiftletFiles

extension Recipe {
  /// How the weights of a classifier are learned: ``TrainingSettings``, whose keys stand in the same section, and more.
  @dynamicMemberLookup
  public struct Training: Hashable, Sendable {
    public var loop = TrainingSettings()
    /// The share of a target spread over all classes, 0..<1.
    public var labelSmoothing = 0.0
    /// The Beta parameter of mixup, 0 is off.
    public var mixup = 0.0
    /// The Beta parameter of CutMix, 0 is off.
    public var cutmix = 0.0
    /// Learning from a dense teacher, where the run is given one.
    public var distillation: Distillation?

    public init() {}

    public subscript<Value>(dynamicMember setting: WritableKeyPath<TrainingSettings, Value>) -> Value {
      get { loop[keyPath: setting] }
      set { loop[keyPath: setting] = newValue }
    }
  }

  /// The loss is `weight * teacher's soft targets + (1 - weight) * labels`.
  public struct Distillation: Hashable, Sendable {
    /// 0...1; at 1 the labels are not used. Source: ELSA's recipe.
    public var weight = 1.0
    /// Softens both sides, above 0 and at most 100.
    public var temperature = 1.0
    /// Where the soft targets are kept; nil runs the teacher on every batch.
    public var stored: StoredTargets?

    public init(weight: Double = 1, temperature: Double = 1, stored: StoredTargets? = nil) {
      (self.weight, self.temperature, self.stored) = (weight, temperature, stored)
    }
  }

  /// Soft targets on disk: the teacher runs once over the augmented images of each epoch, and later runs with the same
  /// teacher, data, augmentation and seed read what it said.
  public struct StoredTargets: Hashable, Sendable {
    /// The folder of the files, one an epoch.
    public var directory: String
    /// How many of the most probable classes are kept of each image, 1...32767; the rest share what is left.
    public var classes = 100

    public init(directory: String, classes: Int = 100) {
      (self.directory, self.classes) = (directory, classes)
    }
  }
}

extension Recipe.Training: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    TrainingSettings.learningKeys.map { $0.lifted(\.loop) }
    Key("labelSmoothing", \.labelSmoothing, .from(0, below: 1))
    Key("mixup", \.mixup, .in(0...100))
    Key("cutmix", \.cutmix, .in(0...100))
    Key("distillation", \.distillation)
    TrainingSettings.machineKeys.map { $0.lifted(\.loop) }
  }
}

extension Recipe.Distillation: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("weight", \.weight, .in(0...1))
    Key("temperature", \.temperature, .above(0, upTo: 100))
    Key("stored", \.stored)
  }
}

extension Recipe.StoredTargets: RecipeSection {
  public static var defaults: Self { Self(directory: "") }
  public static var keys: [RecipeKey<Self>] {
    Key("directory", \.directory).required()
    Key("classes", \.classes, .in(1...32_767))
  }
}
