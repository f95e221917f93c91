import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels
import SwiftletNN

/// A trained network in inference mode, with what belongs to it: from one safetensors file of a run, the weights by timm's
/// names, the recipe and the class names as metadata; or from foreign weights.
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
  ///   - beginsTraining: Whether training goes on from here: where the recipe says `model.newHead`, the network has a head
  ///     of its own, with random weights for the recipe's classes, whose names the data then says. Everything else is
  ///     the file's.
  /// - Throws: `CheckpointError`, `ForeignConfigurationError`, `RecipeError`, `ConfigurationError`, `ModuleError`, or
  ///   `RunError` if nobody says what the weights are, the recipe describes another network, or the names do not fit.
  public init(
    reading checkpoint: URL, recipe: RecipeText? = nil, averages: Bool = false, classNames: URL? = nil,
    beginsTraining: Bool = false
  ) throws {
    let contents = try Checkpoint.contents(of: checkpoint, averages: averages)
    let file = contents.files.weights
    if contents.state.metadata["swiftlet.recipe"] == nil {
      try self.init(foreign: contents, recipe: recipe, classNames: classNames, beginsTraining: beginsTraining)
    } else {
      try self.init(
        own: contents.state, of: file, recipe: recipe, classNames: classNames, beginsTraining: beginsTraining)
    }
    files = contents.parts
    if let choice = contents.choice {
      let hint = averages ? "without --ema" : "with --ema"
      remarks.insert("\(file.path) holds \(choice.taken), which is read, and \(choice.left), \(hint)", at: 0)
    }
  }

  private init(
    own state: StateDictionary, of file: URL, recipe: RecipeText?, classNames: URL?, beginsTraining: Bool
  ) throws {
    guard let yaml = state.metadata["swiftlet.recipe"], let names = state.metadata["swiftlet.classes"] else {
      throw RunError.damaged(file, problem: "it names no classes, so it is not the model.safetensors of a run")
    }
    let trained = try Recipe.parse(yaml, source: file.path)
    guard let classes = try? StrictJSON.decode([String].self, from: names.utf8) else {
      throw RunError.damaged(file, problem: "its class names cannot be read")
    }
    let recipe = try recipe?.recipe() ?? trained
    let replacesHead = beginsTraining && recipe.model.newHead
    let (wanted, found) = (recipe.model.configuration.withoutDropPath, trained.model.configuration.withoutDropPath)
    guard wanted == found || (beginsTraining && wanted == found.with(classes: wanted.classes)) else {
      throw RunError.otherModel(checkpoint: "\(trained.model)", recipe: "\(recipe.model)")
    }
    guard wanted == found || replacesHead else {
      throw RunError.otherHead(file, classes: found.classes, recipe: wanted.classes)
    }
    let model = try recipe.model.make(seed: recipe.training.seed)
    try model.load(replacesHead ? state.replacingHead(by: model) : state, from: file.path)
    let known = try classNames.map { try ClassNames(contentsOf: $0).checked(against: model.classes) } ?? classes
    self.init(model: model, recipe: recipe, classes: replacesHead ? [] : known)
  }

  private init(
    foreign contents: Checkpoint.Contents, recipe: RecipeText?, classNames: URL?, beginsTraining: Bool
  ) throws {
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
      (complete, remarks) = try text.recipe(completedBy: beside, choosingClasses: beginsTraining)
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
    let replacesHead = beginsTraining && complete.model.newHead
    var shape = complete.model.configuration
    if beginsTraining {
      shape = shape.with(classes: contents.state.headRows?.classes ?? 0)
      guard shape == complete.model.configuration || replacesHead else {
        throw RunError.otherHead(file, classes: shape.classes, recipe: complete.model.classes)
      }
    }
    var model = try shape.network(contents.state, from: file.lastPathComponent, trainedAt: beside?.trainedSize)
    if replacesHead {
      let trained = model
      model = try complete.model.make(seed: complete.training.seed)
      try model.load(trained.stateDictionary().replacingHead(by: model), from: file.path)
    }
    // The origin of the names decides what a recipe may leave open.
    complete.model.configuration = ClassifierConfiguration(of: model)
    let names =
      try classNames.map { try ClassNames(contentsOf: $0) }
      ?? beside.flatMap { ClassNames($0.classNames, origin: $0.namesOrigin) }
    self.init(
      model: model, recipe: complete, classes: replacesHead ? [] : try names?.checked(against: model.classes) ?? [])
    self.remarks = remarks
  }

  /// The data of its recipe, with labels that are indices into its classes.
  ///
  /// - Parameters:
  ///   - place: where the data lies; a recipe may draw its own.
  ///   - name: what errors call the network; the file of its weights without one.
  /// - Throws: `DataError` or `RecipeError` if the data cannot be read, or are of other classes.
  public func openData(at place: URL?, named name: String? = nil) throws -> TrainingData {
    try recipe.data.open(at: place, imageSize: recipe.model.imageSize)
      .labelled(by: classes, of: name ?? files.first?.path ?? "the checkpoint")
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

extension StateDictionary {
  /// These weights with the head of `model` in the place of their own.
  fileprivate func replacingHead(by model: any ImageClassifier) -> StateDictionary {
    func isHead(_ name: String) -> Bool { model.headPaths.contains { name.hasPrefix($0 + ".") } }
    let others = filter { !isHead($0.name) } + model.stateDictionary().filter { isHead($0.name) }
    return StateDictionary(others.map { ($0.name, $0.tensor) })
  }
}
