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
public struct Compressor {
  public let dense: any ImageClassifier
  public let classes: [String]
  /// The data, and how to finetune.
  public let recipe: Recipe
  /// What becomes of each layer.
  public var plan: CompressionPlan
  public var score = Recipe.Score.magnitude
  /// Whether channels are first put in an order in which pruning keeps more.
  public var permutes = false
  public var calibrationImages = 512
  /// Whose soft targets finetuning learns; nil is ``dense``.
  public private(set) var teacher: (any ImageClassifier)?
  public var observer: ((TrainingEvent) -> Void)?

  /// What a person should know about the data, a sentence each.
  public var warnings: [String] { data?.training.warnings ?? [] }

  private let finetunes: Bool
  private let data: TrainingData?

  /// - Parameters:
  ///   - checkpoint: `model.safetensors` of a training run; with a recipe also timm's or Hugging Face's weights.
  ///   - finetuning: the recipe whose compression section says how to finetune, and gives the first plan and score.
  ///   - place: where the recipe's data lies; without it a plain pruning is not evaluated.
  public init(checkpoint: URL, finetuning: Recipe?, data place: URL?) throws {
    try self.init(
      TrainedSource(checkpoint: checkpoint, text: finetuning.map { try RecipeText($0) }),
      finetunes: finetuning != nil, data: place)
  }

  /// - Parameters:
  ///   - source: The network, and the recipe of its data.
  ///   - followsRecipe: Whether to do what the recipe's compression section says: its plan, its score, its finetuning.
  ///   - place: Where the recipe's data lies; without it a plain pruning is not evaluated.
  public init(_ source: TrainedSource, finetunes followsRecipe: Bool, data place: URL?) throws {
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
    data =
      hasData
      ? try recipe.data.open(at: place, imageSize: recipe.model.imageSize)
        .labelled(by: source.classes, of: source.files.first?.path ?? "the checkpoint") : nil
    let named = source.classes.isEmpty ? data?.training.classes : source.classes
    guard let named else { throw CompressorError.noClasses }
    classes = named
  }

  /// Lets finetuning learn from another trained network, such as the dense one that a supernet came from.
  public mutating func learn(from checkpoint: URL) throws {
    let trained = try TrainedModel.read(from: checkpoint)
    guard trained.classes == classes else { throw CompressorError.otherClasses(teacher: checkpoint) }
    teacher = trained.model
  }

  /// Writes `model.safetensors` and `plan.json` into the directory.
  public func compress(to directory: RunDirectory, resume: Bool) throws -> CompressionResult {
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

/// What compression reached.
public struct CompressionResult: Encodable, CustomStringConvertible {
  public let model, plan, score: String
  public let denseMultiplyAdds, multiplyAdds: Int
  /// Of the compressible layers' packed weights.
  public let denseWeightBytes, weightBytes: Int
  /// On the search split, 0...1.
  public let denseAccuracy, prunedAccuracy, finetunedAccuracy: Double?
  /// The share of all scores that pruning keeps, 0...1, where channels were permuted.
  public let keptBeforePermuting, keptAfterPermuting: Double?

  public var description: String {
    let work = String(
      format: "%.1f M multiply-adds of %.1f M, %.2f MB of packed weights of %.2f MB", Double(multiplyAdds) / 1e6,
      Double(denseMultiplyAdds) / 1e6, Double(weightBytes) / 1e6, Double(denseWeightBytes) / 1e6)
    let accuracies = [
      ("dense", denseAccuracy), ("pruned by \(score)", prunedAccuracy), ("finetuned", finetunedAccuracy),
    ]
    .compactMap { name, value in value.map { String(format: "%@ %.2f %%", name, 100 * $0) } }
    let quality = accuracies.isEmpty ? "" : "\non the search split: " + accuracies.joined(separator: ", ")
    let order =
      if let before = keptBeforePermuting, let after = keptAfterPermuting {
        String(
          format: "\nin another order of channels %.2f %% of the scores stay, before %.2f %%", 100 * after, 100 * before
        )
      } else {
        ""
      }
    return "\(model): \(work)\(quality)\(order)\nthe patterns are in \(plan)"
  }
}

/// Why a network cannot be compressed.
public enum CompressorError: Error, CustomStringConvertible {
  case noCompressionSection
  case modelExists(URL)
  case scoreNeedsData(Recipe.Score)
  case noClasses
  case otherClasses(teacher: URL)

  public var description: String {
    switch self {
    case .noCompressionSection:
      "the recipe has no compression section: add one, or prune once without --finetune"
    case .modelExists(let file):
      "\(file.path) exists: choose another --out"
    case .scoreNeedsData(let score):
      "\(score.rawValue) looks at activations: say with --data where the recipe's data lies"
    case .noClasses:
      "the checkpoint does not name its classes: give --classes, or say with --data where the recipe's data lies"
    case .otherClasses(let teacher):
      "the teacher \(teacher.path) knows other classes than the checkpoint: give a network of the same data"
    }
  }
}
