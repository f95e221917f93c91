import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// Labelled pictures to class scores: from labels or a teacher's soft targets, a network alone or a supernet.
public final class ImageClassificationTask: TrainingTask {
  public static let samples = "images"
  public static let ranking = MetricRanking("accuracy", isHigherBetter: true)

  public var recipe: Recipe
  public let model: any Layer
  /// The dense network whose soft targets are learned, where the recipe distills.
  public let teacher: (any Layer)?
  /// The model as a supernet, where the recipe trains one.
  public let supernet: SwiftletCompression.Supernet?
  /// What the run learns from.
  public let data: TrainingData
  public let beginsTrained: Bool
  public let remarks: [String]

  private let trainingLoader, searchLoader: ImageLoader
  private let subnets: SubnetSchedule?
  /// The teacher's targets for the epoch under way, where the recipe keeps them.
  private var storedTargets: EpochTargets?

  /// The recipe's own network on the data at `data`; the kind `shapes` needs none.
  ///
  /// - Parameter start: Weights of ours, timm's or Hugging Face's to begin with; what the files beside them say completes
  ///   the recipe.
  /// - Throws: `RecipeError`, `RunError` or `DataError`, and with `start` what ``TrainedModel`` throws.
  public convenience init(_ text: RecipeText, data: URL?, start: StartingWeights? = nil) throws {
    guard let start else {
      try self.init(recipe: text.recipe(), data: data)
      return
    }
    let trained = try TrainedModel(reading: start.file, recipe: text, averages: start.averages, beginsTraining: true)
    let recipe = trained.recipe
    if recipe.supernet != nil { throw RunError.startOfSupernet }
    try self.init(
      recipe: recipe, model: trained.model, data: trained.openData(at: data, named: start.file.path),
      teacher: nil, supernet: nil, beginsTrained: true, remarks: trained.remarks)
  }

  /// A supernet of a dense network, which is read as weights to begin with are.
  ///
  /// - Throws: What those throw, and `RunError.noSupernet` for a recipe that trains none.
  public convenience init(_ text: RecipeText, data: URL?, dense: StartingWeights) throws {
    // What the command line alone tells is said before the weights are looked for.
    guard try text.recipe().supernet != nil else { throw RunError.noSupernet }
    let trained = try TrainedModel(reading: dense.file, recipe: text, averages: dense.averages)
    try self.init(
      recipe: trained.recipe, supernetOf: trained.model, data: trained.openData(at: data, named: dense.file.path),
      remarks: trained.remarks)
  }

  /// The same with a recipe that states everything, and random weights.
  public convenience init(recipe: Recipe, data: URL?) throws {
    try recipe.validate()
    if recipe.supernet != nil { throw RunError.missingDense }
    // What can be missing is asked for before the work of drawing a network's first weights.
    let images = try recipe.data.open(at: data, imageSize: recipe.model.imageSize)
    try self.init(recipe: recipe, model: recipe.model.make(seed: recipe.training.seed), data: images)
  }

  /// A supernet of `dense`, which stays as it is and is the teacher.
  ///
  /// The trained weights serve every plan of the recipe's search space: `model.safetensors` holds them unmasked.
  /// - Throws: `RunError.noSupernet` if the recipe trains none, and what any classifier throws.
  public convenience init(
    recipe: Recipe, supernetOf dense: any Layer & CompressibleModel, data: TrainingData, remarks: [String] = []
  ) throws {
    try recipe.validate()
    guard let settings = recipe.supernet else { throw RunError.noSupernet }
    let model = dense.copy()
    let supernet = try SwiftletCompression.Supernet(
      model, space: settings.space(of: model), gradient: settings.gradients.sparseGradient)
    try self.init(
      recipe: recipe, model: model, data: data, teacher: dense, supernet: supernet, beginsTrained: false,
      remarks: remarks)
  }

  /// Any classifier, such as a network whose layers were replaced by sparse ones.
  public convenience init(
    recipe: Recipe, model: any Layer, data: TrainingData, teacher: (any Layer)? = nil
  ) throws {
    if recipe.supernet != nil { throw RunError.missingDense }
    try self.init(
      recipe: recipe, model: model, data: data, teacher: teacher, supernet: nil, beginsTrained: false, remarks: [])
  }

  private init(
    recipe: Recipe, model: any Layer, data: TrainingData, teacher: (any Layer)?,
    supernet: SwiftletCompression.Supernet?, beginsTrained: Bool, remarks: [String]
  ) throws {
    try recipe.validate()
    guard data.training.classes.count == recipe.model.classes else {
      throw RunError.wrongClassCount(
        data: data.training.classes.count, model: recipe.model.classes, source: data.description)
    }
    if recipe.training.distillation != nil && teacher == nil { throw RunError.missingTeacher }
    (self.recipe, self.model, self.teacher, self.data, self.supernet) = (recipe, model, teacher, data, supernet)
    (self.beginsTrained, self.remarks) = (beginsTrained, remarks)
    trainingLoader = try recipe.trainingLoader(over: data.training)
    searchLoader = recipe.evaluationLoader(over: data.search)
    if let supernet, let settings = recipe.supernet {
      subnets = try SubnetSchedule(
        supernet, sampler: settings.sampler, recipe: recipe, stepsPerEpoch: trainingLoader.batchCount)
    } else {
      subnets = nil
    }
  }

  public var network: any Module { model }
  public var networkDescription: String { recipe.model.description }
  public var dataDescription: String { data.description }
  public var dataIdentity: String { data.identity }
  public var warnings: [String] { data.training.warnings }
  public var sampleCounts: (training: Int, search: Int) { (data.training.count, data.search.count) }

  // MARK: - Steps

  public var batchesPerEpoch: Int { trainingLoader.batchCount }

  public func batches(ofEpoch epoch: Int, startingAt start: Int) throws -> any BatchSequence {
    trainingLoader.epoch(epoch, startingAt: start)
  }

  public func prepare(_ run: RunContext) {
    teacher?.move(to: run.device)
    teacher?.evaluate()
  }

  public func beginEpoch(_ run: RunContext) throws { storedTargets = try targets(of: run) }

  public var losses: [StepLoss] {
    [
      StepLoss("loss") { [unowned self] batch, run in
        subnets?.select(step: run.step)
        return try loss(of: batch, run)
      }
    ]
  }

  /// The loss of one batch, its graph included.
  private func loss(of batch: Batch, _ run: RunContext) throws -> Tensor {
    let training = recipe.training
    let images = batch.images.to(device: run.device)
    let scores = run.inPrecision { model(images) }.cast(to: .float32)
    // Mixed batches bring smoothed targets of their own.
    let hard =
      batch.softTargets.map { scores.crossEntropy($0.to(device: run.device)) }
      ?? scores.crossEntropy(batch.labels.to(device: run.device), labelSmoothing: training.labelSmoothing)
    guard let distillation = training.distillation, let teacher else { return hard }
    let targets =
      try storedTargets?.targets(for: batch.indices, images: batch.images, classes: scores.shape[1])
      .to(device: run.device) ?? softTargets(of: teacher, images, distillation.temperature, run)
    let soft = distillationLoss(scores, targets: targets, temperature: distillation.temperature)
    return distillation.weight == 1 ? soft : soft * distillation.weight + hard * (1 - distillation.weight)
  }

  private func softTargets(
    of teacher: any Layer, _ images: Tensor, _ temperature: Double, _ run: RunContext
  ) -> Tensor {
    withNoGradient {
      SwiftletNN.softTargets(run.inPrecision { teacher(images) }.cast(to: .float32), temperature: temperature)
    }
  }

  /// The teacher's targets for the epoch that begins: read, or made now for all runs that follow.
  private func targets(of run: RunContext) throws -> EpochTargets? {
    guard let distillation = recipe.training.distillation, let stored = distillation.stored, let teacher else {
      return nil
    }
    let file = URL(filePath: stored.directory).appending(path: "epoch-\(run.epoch).safetensors")
    let kept = min(stored.classes, recipe.model.classes)
    let identity = try recipe.identityOfTargets(of: teacher, data: data, epoch: run.epoch, kept: kept)
    if !FileManager.default.fileExists(atPath: file.path) {
      let writer = TargetWriter(images: data.training.count, kept: kept)
      let batches = trainingLoader.epoch(run.epoch)
      while let batch = try batches.next() {
        let targets = softTargets(of: teacher, batch.images.to(device: run.device), distillation.temperature, run)
        writer.add(targets, for: batch.indices, images: batch.images)
        try run.stopIfAsked()
      }
      try writer.write(to: file, identity: identity)
      run.tell(.storedTargets(file))
    }
    return try EpochTargets.read(from: file, identity: identity, images: data.training.count)
  }

  // MARK: - Evaluation

  /// The figures of a supernet are its dense network's; the accuracies of all anchors stand beside them.
  public func evaluate(_ run: RunContext) throws -> TaskEvaluation? {
    guard data.search.count > 0 else { return nil }
    let evaluate = { try Evaluation(of: self.model, on: self.searchLoader, device: run.device) }
    guard let subnets else { return TaskEvaluation(try evaluate()) }
    let anchors = try subnets.endEpoch(run.epoch, evaluate: evaluate)
    for anchor in anchors { try run.checkLoss(anchor.evaluation.loss) }
    guard var evaluation = anchors.first.map({ TaskEvaluation($0.evaluation) }) else { return nil }
    for anchor in anchors { evaluation.variants[anchor.name] = anchor.evaluation.accuracy }
    return evaluation
  }

  // MARK: - Files

  public var state: String? { get throws { try subnets?.state } }

  public func restore(_ state: String?, from file: URL) throws { try subnets?.restore(state, from: file) }

  public func write(to file: URL) throws {
    try TrainedModel.write(model, recipe: recipe, classes: data.training.classes, to: file)
  }
}

extension TaskEvaluation {
  fileprivate init(_ evaluation: Evaluation) {
    self.init(["loss": evaluation.loss, "accuracy": evaluation.accuracy])
  }
}
