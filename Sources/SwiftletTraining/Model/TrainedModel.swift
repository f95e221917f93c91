import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels
import SwiftletNN

/// A trained network with what belongs to it: from one safetensors file of a run, the weights by timm's names, the recipe
/// and the class names as metadata; or from foreign weights.
public struct TrainedModel {
  public let model: any ImageClassifier
  public let recipe: Recipe
  /// Empty where nobody says.
  public let classes: [String]
  /// The files that the weights lie in.
  public private(set) var files: [URL] = []
  /// What a person should know about how the weights were read, a sentence each.
  public private(set) var remarks: [String] = []

  init(model: any ImageClassifier, recipe: Recipe, classes: [String]) {
    (self.model, self.recipe, self.classes) = (model, recipe, classes)
  }

  /// Reads what a training run wrote as `model.safetensors`.
  ///
  /// - Throws: `CheckpointError`, or `RunError` when metadata or weights are not those of a trained model.
  public static func read(from file: URL) throws -> TrainedModel { try TrainedModel(reading: file) }

  /// Reads a training run's `model.safetensors`, or the weights of timm, Hugging Face transformers and programs around
  /// them: a file, the index of a sharded one, or a folder.
  ///
  /// What a `config.json` and a `preprocessor_config.json` beside foreign weights say is taken into the recipe, and has to
  /// agree with what the recipe states.
  ///
  /// - Parameters:
  ///   - recipe: What foreign weights without these files are; of a run's own model, what to use it with.
  ///   - averages: Whether the weights' average over the steps is wanted, where the checkpoint holds one beside them.
  ///   - classNames: A text file of one class's name a line, in the order of the scores.
  /// - Throws: `CheckpointError`, `ForeignConfigurationError`, `RecipeError`, `ConfigurationError`, `ModuleError`, or
  ///   `RunError` if nobody says what the weights are, the recipe describes another network, or the names do not fit.
  public init(
    reading checkpoint: URL, recipe: RecipeText? = nil, averages: Bool = false, classNames: URL? = nil
  ) throws {
    let contents = try Checkpoint.contents(of: checkpoint, averages: averages)
    let file = contents.files.weights
    if contents.state.metadata["swiftlet.recipe"] == nil {
      try self.init(foreign: contents, recipe: recipe, classNames: classNames)
    } else {
      try self.init(own: contents.state, of: file, recipe: recipe, classNames: classNames)
    }
    files = contents.parts
    if let choice = contents.choice {
      let hint = averages ? "without --ema" : "with --ema"
      remarks.insert("\(file.path) holds \(choice.taken), which is read, and \(choice.left), \(hint)", at: 0)
    }
  }

  private init(own state: StateDictionary, of file: URL, recipe: RecipeText?, classNames: URL?) throws {
    guard let yaml = state.metadata["swiftlet.recipe"], let names = state.metadata["swiftlet.classes"] else {
      throw RunError.damaged(file, problem: "it names no classes, so it is not the model.safetensors of a run")
    }
    let trained = try Recipe.parse(yaml, source: file.path)
    guard let classes = try? StrictJSON.decode([String].self, from: names.utf8) else {
      throw RunError.damaged(file, problem: "its class names cannot be read")
    }
    let recipe = try recipe?.recipe() ?? trained
    guard recipe.model.configuration.withoutDropPath == trained.model.configuration.withoutDropPath else {
      throw RunError.otherModel(checkpoint: "\(trained.model)", recipe: "\(recipe.model)")
    }
    let model = try recipe.model.make(seed: trained.training.seed)
    try model.load(state, from: file.path)
    self.init(
      model: model, recipe: recipe,
      classes: try classNames.map { try ClassNames(contentsOf: $0).checked(against: model.classes) } ?? classes)
  }

  private init(foreign contents: Checkpoint.Contents, recipe: RecipeText?, classNames: URL?) throws {
    let file = contents.files.weights
    let beside = try ForeignConfiguration(beside: contents.files, holding: contents.state)
    let text: RecipeText
    if let recipe {
      text = recipe
    } else if let beside, beside.describesNetwork {
      text = RecipeText("data: {kind: files}", source: beside.files.map(\.path).joined(separator: ", "))
    } else {
      throw RunError.noRecipe(file)
    }
    var complete: Recipe
    var remarks: [String] = []
    if let beside {
      (complete, remarks) = try text.recipe(completedBy: beside)
    } else {
      complete = try text.recipe()
    }
    if let beside, !beside.files.isEmpty {
      let names = beside.files.map(\.lastPathComponent).joined(separator: " and ")
      remarks.insert("\(names) beside the weights \(beside.files.count == 1 ? "is" : "are") read", at: 0)
    }
    let assumed = RecipeText.assumptions(of: complete, besides: beside)
    if !assumed.isEmpty {
      remarks.append("no file beside \(file.lastPathComponent) says so, so the recipe's values are assumed: \(assumed)")
    }
    let model = try complete.model.configuration.network(
      contents.state, from: file.lastPathComponent, trainedAt: beside?.trainedSize)
    // The origin of the names decides what a recipe may leave open.
    complete.model.configuration = ClassifierConfiguration(of: model) ?? complete.model.configuration
    let names =
      try classNames.map { try ClassNames(contentsOf: $0) }
      ?? beside.flatMap { ClassNames($0.classNames, origin: $0.namesOrigin) }
    self.init(model: model, recipe: complete, classes: try names?.checked(against: model.classes) ?? [])
    self.remarks = remarks
  }

  /// Writes the weights of `model`, whole or not at all.
  public static func write(_ model: any Layer, recipe: Recipe, classes: [String], to file: URL) throws {
    var state = model.stateDictionary()
    do {
      state.metadata["swiftlet.recipe"] = try recipe.yaml()
      state.metadata["swiftlet.classes"] = String(decoding: try StrictJSON.encode(classes), as: UTF8.self)
      try Checkpoint.write(state, to: file, format: .safetensors)
    } catch let error as CheckpointError {
      throw error  // Says all that is to say.
    } catch {
      throw RunError.cannotWrite(file, reason: "\(error)")
    }
  }
}
