import Foundation
import SwiftletCheckpoint
import SwiftletCompression
import SwiftletData
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import SwiftletTraining

/// From a trained network to a pruned one: masks by a score, finetuning with the dense network as teacher, exact zeros.
///
/// ```swift
/// var compressor = try Compressor(checkpoint: URL(filePath: "run/model.safetensors"), finetuning: recipe, data: photos)
/// compressor.plan = .uniform(SparsityPattern(keeping: 2, of: 4), model: compressor.dense)
/// print(try compressor.compress(to: RunDirectory(URL(filePath: "pruned"))))
/// ```
/// It writes a network that export takes, and the plan that it follows. Test images are never opened.
public struct Compressor {
  /// The network as it came; it stays as it is.
  public let dense: any ImageClassifier
  /// The classes' names, in the order of the scores.
  public let classes: [String]
  /// The data, and how to finetune.
  public let recipe: Recipe
  /// What becomes of each layer.
  public var plan: CompressionPlan
  /// What a weight is judged by.
  public var score = Recipe.Score.magnitude
  /// Whether channels are first put in an order in which pruning keeps more.
  public var permutes = false
  /// Training images that scores by activations look at.
  public var calibrationImages = 512
  /// Whose soft targets finetuning learns; nil is ``dense``.
  public private(set) var teacher: (any ImageClassifier)?
  /// Told what finetuning does.
  public var observer: ((TrainingEvent) -> Void)?

  /// What a person should know about the data, a sentence each.
  public var warnings: [String] { data?.training.warnings ?? [] }

  private let finetunes: Bool
  private let data: TrainingData?

  /// - Parameters:
  ///   - checkpoint: `model.safetensors` of a training run; with a recipe also timm's or Hugging Face's weights.
  ///   - finetuning: the recipe whose compression section says how to finetune, and gives the first plan and score.
  ///   - place: where the recipe's data lies; without it a plain pruning is not evaluated.
  /// - Throws: what reading the network or the data throws, and as ``init(_:finetunes:data:)`` does.
  public init(checkpoint: URL, finetuning: Recipe?, data place: URL?) throws {
    try self.init(
      TrainedModel(reading: checkpoint, recipe: finetuning.map { try RecipeText($0) }),
      finetunes: finetuning != nil, data: place)
  }

  /// - Parameters:
  ///   - source: The network, and the recipe of its data.
  ///   - followsRecipe: Whether to do what the recipe's compression section says: its plan, its score, its finetuning.
  ///   - place: Where the recipe's data lies; without it a plain pruning is not evaluated.
  /// - Throws: ``CompressorError`` if the recipe does not say how or nobody names the classes, `DataError`, `RecipeError`,
  ///   or `CompressionPlanError` if the recipe names a layer that is not there.
  public init(_ source: TrainedModel, finetunes followsRecipe: Bool, data place: URL?) throws {
    (dense, recipe) = (source.model, source.recipe)
    if followsRecipe {
      guard let compression = recipe.compression else { throw CompressorError.noCompressionSection }
      finetunes = compression.epochs > 0
      (score, permutes) = (compression.score, compression.permute)
      plan = .uniform(compression.pattern, model: dense)
      for path in compression.dense {
        guard plan[path] != nil else { throw CompressionPlanError.unknownLayer(path: path, known: plan.paths) }
        plan[path] = nil
      }
    } else {
      (finetunes, plan) = (false, CompressionPlan())
    }
    let hasData = place != nil || recipe.data.kind != .files || finetunes
    data = hasData ? try source.openData(at: place) : nil
    let named = source.classes.isEmpty ? data?.training.classes : source.classes
    guard let named else { throw CompressorError.noClasses }
    classes = named
  }

  /// Lets finetuning learn from another trained network, such as the dense one that a supernet came from.
  ///
  /// - Throws: ``CompressorError`` if that one knows other classes, or what reading it throws.
  public mutating func learn(from checkpoint: URL) throws {
    let trained = try TrainedModel(reading: checkpoint)
    guard trained.classes == classes else { throw CompressorError.otherClasses(teacher: checkpoint) }
    teacher = trained.model
  }

  /// Writes `model.safetensors` and `plan.json` into the directory.
  ///
  /// - Parameter resume: whether to go on from the checkpoint that an interrupted finetuning left there.
  /// - Throws: ``CompressorError``, `CompressionPlanError` where the plan does not fit the network, `PruningError`, or
  ///   `RunError` where a file cannot be written or somebody asked the process to stop.
  public func compress(to directory: RunDirectory, resume: Bool = false) throws -> CompressionResult {
    let manager = FileManager.default
    if !resume, manager.fileExists(atPath: directory.model.path) { throw CompressorError.modelExists(directory.model) }
    let lock = try RunLock(directory.url)
    defer { lock.release() }
    try plan.validate(for: dense)
    let model = dense.copy()
    let gain = permutes ? try model.permuteChannels(for: plan, by: pruningScore(of: model)) : nil
    switch score {
    case .sparseGPT:
      try pruneBySparseGPT(model)
      // The zeros are the smallest of their groups.
      try model.prune(to: plan, gradient: gradient)
    case .wanda:
      model.evaluate()
      let loader = try calibrationLoader(batchSize: 64)
      try model.pruneBlockByBlock(to: plan, gradient: gradient) { try Self.run(model, over: loader) }
    case .magnitude, .wandaDense:
      try model.prune(to: plan, by: pruningScore(of: model), gradient: gradient)
    }
    // Weights that learn nothing while they are removed cannot earn their place back: keep the choice.
    if case .masked = gradient { model.freezeMasks() }

    let (denseAccuracy, prunedAccuracy) = (try accuracy(of: dense), try accuracy(of: model))
    if finetunes, let data {
      let run = try TrainingRun(
        recipe: recipe.finetuning, model: model, data: data, output: directory.url, resume: resume,
        teacher: teacher ?? dense.copy(), lock: lock)
      try run.start(observer: observer)
      // The run's file holds the averaged weights, where the recipe averages.
      try model.load(Checkpoint.read(from: directory.model), from: directory.model.path)
    }
    let finetunedAccuracy = finetunes ? try accuracy(of: model) : nil
    try model.bake()

    do {
      try manager.createDirectory(at: directory.url, withIntermediateDirectories: true)
    } catch {
      throw RunError.cannotWrite(directory.url, reason: reason(of: error))
    }
    try TrainedModel.write(model, recipe: recipe, classes: classes, to: directory.model)
    let planFile = Self.planFile(in: directory)
    try plan.write(to: planFile)
    let cost = dense.multiplyAdds
    return CompressionResult(
      model: directory.model.path, plan: planFile.path, score: score.rawValue, denseMultiplyAdds: cost.dense,
      multiplyAdds: try cost.total(under: plan), denseWeightBytes: try cost.packedBytes(under: CompressionPlan()),
      weightBytes: try cost.packedBytes(under: plan), denseAccuracy: denseAccuracy, prunedAccuracy: prunedAccuracy,
      finetunedAccuracy: finetunedAccuracy, keptBeforePermuting: gain?.before, keptAfterPermuting: gain?.after)
  }

  /// Where the patterns of every layer go.
  public static func planFile(in directory: RunDirectory) -> URL { directory.url.appending(path: "plan.json") }

  private var gradient: SparseGradient { recipe.compression?.gradients.sparseGradient ?? .masked }

  /// Scores by the dense network alone.
  ///
  /// - Throws: `CompressorError.scoreNeedsData` without data.
  private func pruningScore(of model: any ImageClassifier) throws -> PruningScore {
    switch score {
    case .magnitude: return .magnitude
    case .wanda, .wandaDense, .sparseGPT:
      model.evaluate()
      let loader = try calibrationLoader(batchSize: 64)
      // In forward order, so that an error names the first layer that it reaches.
      let paths = model.slots.map(\.path).filter { plan[$0] != nil }
      return .wanda(inputNorms: try model.inputNorms(of: paths) { try Self.run(model, over: loader) })
    }
  }

  private static func run(_ model: any ImageClassifier, over loader: ImageLoader) throws {
    let batches = loader.epoch(0)
    while let batch = try batches.next() { _ = model(batch.images) }
  }

  /// Prunes by activations and moves the weights that stay. All images go through the network at once.
  private func pruneBySparseGPT(_ model: any ImageClassifier) throws {
    model.evaluate()
    let batch = try calibrationLoader(batchSize: calibrationImages).epoch(0).next()
    try model.prune(to: plan, bySparseGPT: SparseGPT()) { _ = batch.map { model($0.images) } }
  }

  /// Training images of all classes, whatever their order.
  private func calibrationLoader(batchSize: Int) throws -> ImageLoader {
    guard let data else { throw CompressorError.scoreNeedsData(score) }
    return recipe.evaluationLoader(over: data.training.evenlySpaced(calibrationImages), batchSize: batchSize)
  }

  /// The share of right answers on the search split, or nil without data.
  private func accuracy(of model: any ImageClassifier) throws -> Double? {
    guard let data, data.search.count > 0 else { return nil }
    return try Evaluation(of: model, on: recipe.evaluationLoader(over: data.search)).accuracy
  }
}
