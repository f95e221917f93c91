import Foundation
import SwiftletCheckpoint
import SwiftletCompression
import SwiftletData
import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import SwiftletTerminal

/// One training run in one directory: from a recipe to trained weights, interruptible and resumable.
///
/// ```swift
/// let recipe = try Recipe.read(from: URL(filePath: "recipes/deit-cifar10.yaml"))
/// let run = try TrainingRun(recipe: recipe, data: data, output: URL(filePath: "runs/first"))
/// let result = try run.start { event in print(event) }
/// ```
/// The same recipe, data and thread count give the same weights, bit for bit, however often the run was interrupted.
public final class TrainingRun {
  public let recipe: Recipe
  public let model: any Layer
  public let directory: RunDirectory
  /// The dense network whose soft targets are learned, where the recipe distills.
  public let teacher: (any Layer)?
  /// The model as a supernet, where the recipe trains one.
  public let supernet: SwiftletCompression.Supernet?
  /// Called with the number of the step before its forward pass.
  public var beforeStep: ((Int) throws -> Void)?
  /// Called with the number of the step after the optimiser has moved the weights.
  public var afterStep: ((Int) throws -> Void)?

  /// What the run learns from.
  public let data: TrainingData
  private let trainingLoader, searchLoader: ImageLoader
  private let device: Device
  private let optimizer: any Optimizer
  private let schedule: LearningRateSchedule
  private let average: WeightAverage?
  private let subnets: SubnetSchedule?
  private let generator: Generator
  private var position = TrainingCheckpoint.Position()
  /// The directory's lock, unless the caller has it.
  private let lock: RunLock?
  /// What the user should know about this run and this machine, each a phrase.
  private var remarks: [String] = []

  /// A run of the recipe's own model on the data at `data`.
  ///
  /// - Parameters:
  ///   - data: Where the recipe's data lies; the kind `shapes` needs none.
  ///   - dense: The weights that a supernet starts from and learns from; for a recipe that trains one, and no other.
  /// - Throws: `RecipeError`, `RunError`, `DataError` or `CheckpointError`.
  public convenience init(recipe: Recipe, data: URL?, dense: URL? = nil, output: URL, resume: Bool = false) throws {
    try recipe.validate()
    guard (recipe.supernet != nil) == (dense != nil) else {
      throw dense == nil ? RunError.missingDense : RunError.noSupernet
    }
    // What can be missing is asked for before the work of drawing a network's first weights.
    let images = try recipe.data.open(at: data, imageSize: recipe.model.imageSize)
    if let dense {
      let trained = try TrainedModel(reading: dense, recipe: RecipeText(recipe))
      try self.init(
        recipe: recipe, supernetOf: trained.model, data: images.labelled(by: trained.classes, of: dense.path),
        output: output, resume: resume)
    } else {
      try self.init(
        recipe: recipe, model: recipe.model.make(seed: recipe.training.seed), data: images, output: output,
        resume: resume)
    }
  }

  /// A run that trains a supernet of `dense`, which stays as it is and is the teacher.
  ///
  /// The trained weights serve every plan of the recipe's search space: `model.safetensors` holds them unmasked.
  /// - Throws: `RunError.noSupernet` if the recipe trains none, and what any run throws.
  public convenience init(
    recipe: Recipe, supernetOf dense: any Layer & CompressibleModel, data: TrainingData, output: URL,
    resume: Bool = false
  ) throws {
    try recipe.validate()
    guard let settings = recipe.supernet else { throw RunError.noSupernet }
    let model = dense.copy()
    let supernet = try SwiftletCompression.Supernet(
      model, space: settings.space(of: model), gradient: settings.gradients.sparseGradient)
    try self.init(
      recipe: recipe, model: model, data: data, output: output, resume: resume, teacher: dense, supernet: supernet)
  }

  /// A run of any classifier, such as a network whose layers were replaced by sparse ones.
  ///
  /// - Parameter lock: the output's, where the caller has it already and writes there too.
  public convenience init(
    recipe: Recipe, model: any Layer, data: TrainingData, output: URL, resume: Bool = false,
    teacher: (any Layer)? = nil, lock: RunLock? = nil
  ) throws {
    if recipe.supernet != nil { throw RunError.missingDense }
    try self.init(
      recipe: recipe, model: model, data: data, output: output, resume: resume, teacher: teacher, supernet: nil,
      lock: lock)
  }

  private init(
    recipe: Recipe, model: any Layer, data: TrainingData, output: URL, resume: Bool, teacher: (any Layer)?,
    supernet: SwiftletCompression.Supernet?, lock: RunLock? = nil
  ) throws {
    try recipe.validate()
    let training = recipe.training
    guard data.training.classes.count == recipe.model.classes else {
      throw RunError.wrongClassCount(
        data: data.training.classes.count, model: recipe.model.classes, source: data.description)
    }
    guard data.training.count >= training.batchSize else {
      throw RunError.tooFewImages(
        count: data.training.count, batchSize: training.batchSize, source: data.description)
    }
    if training.distillation != nil && teacher == nil { throw RunError.missingTeacher }
    (self.model, self.teacher, self.data) = (model, teacher, data)
    self.supernet = supernet
    device = try Device(parsing: training.device)
    directory = RunDirectory(output)
    let held = try directory.prepare(resuming: resume, holding: lock)
    self.lock = lock == nil ? held : nil
    if let doubt = held.doubt { remarks.append(doubt) }
    let checkpoint = resume ? try TrainingCheckpoint.read(from: directory.checkpoint) : nil
    // What a run began with it keeps, so that it comes out the same on whatever processor it goes on.
    let choice = Recipe.Arithmetic.chosen(on: device)
    let precision = checkpoint?.recipe.training.precision ?? choice.precision
    self.recipe = recipe.settled(precision)
    if training.precision == .auto {
      remarks.append(
        precision == choice.precision
          ? "\(precision.rawValue) as \(choice.reason)"
          : "\(precision.rawValue) as the run began with it, though \(choice.reason)")
    }
    if let threads = training.threads {
      Torch.setThreads(min(threads, AvailableProcessors.count))
      if threads > AvailableProcessors.count {
        remarks.append("\(threads) threads were asked for, the process may use \(AvailableProcessors.count) processors")
      }
    }

    trainingLoader = try recipe.trainingLoader(over: data.training)
    searchLoader = recipe.evaluationLoader(over: data.search)
    let stepsPerEpoch = trainingLoader.batchCount
    schedule = LearningRateSchedule(training, stepsPerEpoch: stepsPerEpoch)
    if let supernet, let settings = recipe.supernet {
      subnets = try SubnetSchedule(supernet, sampler: settings.sampler, recipe: recipe, stepsPerEpoch: stepsPerEpoch)
    } else {
      subnets = nil
    }
    model.move(to: device)
    teacher?.move(to: device)
    teacher?.evaluate()
    let parameters = model.namedParameters().filter(\.tensor.requiresGradient).map {
      (name: $0.path, tensor: $0.tensor)
    }
    optimizer = training.optimizer.make(over: parameters, weightDecay: training.weightDecay)
    let statistics = model.namedBuffers().filter(\.tensor.dataType.isFloatingPoint).map {
      (name: $0.path, tensor: $0.tensor)
    }
    average = training.averageDecay.map { WeightAverage(of: parameters + statistics, decay: $0) }
    generator = Generator(seed: UInt64(training.seed) &+ 1, device: device)

    if let checkpoint { try restore(checkpoint) }
  }

  /// Trains to the end, or to the next SIGINT, SIGTERM or SIGHUP, which leaves a checkpoint.
  ///
  /// - Throws: `RunError`: interrupted, diverged or a file that cannot be written.
  @discardableResult
  public func start(observer: ((TrainingEvent) -> Void)? = nil) throws -> TrainingResult {
    defer {
      observer?(.stopped)
      lock?.release()
    }
    do { try AtomicFile.write(recipe.yaml(), replacing: directory.recipe.path) } catch {
      throw RunError.cannotWrite(directory.recipe, reason: reason(of: error))
    }
    let log = try MetricsLog(file: directory.metrics, keepingUpTo: position.step)
    observer?(.started(summary))
    var last: Metrics?
    try Interruption.whileListening {
      while position.epoch < recipe.training.epochs {
        try trainEpoch(log: log, observer: observer)
        let metrics = try endEpoch()
        try log.append(metrics)
        observer?(.epochEnded(metrics))
        last = metrics
        try writeCheckpoint(observer)
      }
    }
    try writeModel()
    let final = try last ?? MetricsLog.read(directory.metrics).last
    return TrainingResult(
      steps: position.step, epochs: position.epoch, trainingLoss: final?.loss,
      validationLoss: final?.validationLoss, validationAccuracy: final?.validationAccuracy, subnets: final?.subnets,
      seconds: position.seconds, model: directory.model.path)
  }

  // MARK: - One epoch

  private func trainEpoch(log: MetricsLog, observer: ((TrainingEvent) -> Void)?) throws {
    let training = recipe.training
    let targets = try storedTargets(observer)
    let batches = trainingLoader.epoch(position.epoch, startingAt: position.batch)
    let steps = schedule.totalSteps
    let clock = ContinuousClock()
    var (mark, sinceMetrics, sinceCheckpoint) = (clock.now, 0.0, 0.0)
    var (speed, imagesSinceMetrics) = (0.0, 0)
    model.train(using: generator)
    let remedy = "lower training.batchSize (it is \(training.batchSize)) or choose a smaller network"
    while let batch = try advising(remedy, while: "reading a batch", { try batches.next() }) {
      let rate = schedule.rate(at: position.step)
      try beforeStep?(position.step)
      let (value, norm) = try advising(remedy, while: "training") { try step(on: batch, targets, rate: rate) }
      try afterStep?(position.step)

      position.step += 1
      position.batch += 1
      position.logged.add(value)
      position.epochLoss.add(value)
      imagesSinceMetrics += training.batchSize
      let now = clock.now
      let elapsed = seconds(now - mark)
      mark = now
      position.seconds += elapsed
      sinceMetrics += elapsed
      sinceCheckpoint += elapsed
      let current = Double(training.batchSize) / elapsed
      speed = speed == 0 ? current : 0.95 * speed + 0.05 * current

      observer?(
        .progress(
          TrainingProgress(
            step: position.step, steps: steps, epoch: position.epoch, epochs: training.epochs, loss: value,
            imagesPerSecond: speed,
            secondsLeft: Double(steps - position.step) * Double(training.batchSize) / speed)))
      if position.step.isMultiple(of: training.logEverySteps) {
        let metrics = Metrics(
          step: position.step, epoch: epochsDone, loss: position.logged.mean, learningRate: rate,
          gradientNorm: norm.item(), imagesPerSecond: Double(imagesSinceMetrics) / sinceMetrics,
          seconds: position.seconds)
        try log.append(metrics)
        observer?(.logged(metrics))
        position.logged = .init()
        (sinceMetrics, imagesSinceMetrics) = (0, 0)
      }
      if let signal = Interruption.signalNumber {
        try writeCheckpoint(observer)
        throw RunError.interrupted(signal: signal, checkpoint: directory.url)
      }
      if sinceCheckpoint > 60 * training.checkpointMinutes {
        try writeCheckpoint(observer)
        sinceCheckpoint = 0
      }
    }
  }

  /// Moves the weights once; the loss before, and the norm of the gradients.
  private func step(on batch: Batch, _ targets: EpochTargets?, rate: Double) throws -> (loss: Double, norm: Tensor) {
    subnets?.select(step: position.step)
    let loss = try lossOf(batch, targets)
    let value = loss.item()
    guard value.isFinite else {
      throw RunError.diverged(step: position.step, loss: value, learningRate: rate)
    }
    optimizer.clearGradients()
    loss.backward()
    let norm = optimizer.clipGradients(toNorm: recipe.training.clipNorm)
    optimizer.step(learningRate: rate)
    average?.update(step: position.step)
    return (value, norm)
  }

  /// The loss of one batch, its graph included.
  private func lossOf(_ batch: Batch, _ stored: EpochTargets?) throws -> Tensor {
    let training = recipe.training
    let images = batch.images.to(device: device)
    let scores = inPrecision { model(images) }.cast(to: .float32)
    // Mixed batches bring smoothed targets of their own.
    let hard =
      batch.softTargets.map { scores.crossEntropy($0.to(device: device)) }
      ?? scores.crossEntropy(batch.labels.to(device: device), labelSmoothing: training.labelSmoothing)
    guard let distillation = training.distillation, let teacher else { return hard }
    let targets =
      try stored?.targets(for: batch.indices, images: batch.images, classes: scores.shape[1]).to(device: device)
      ?? softTargets(of: teacher, images, distillation.temperature)
    let soft = distillationLoss(scores, targets: targets, temperature: distillation.temperature)
    return distillation.weight == 1 ? soft : soft * distillation.weight + hard * (1 - distillation.weight)
  }

  private func softTargets(of teacher: any Layer, _ images: Tensor, _ temperature: Double) -> Tensor {
    withNoGradient {
      SwiftletNN.softTargets(inPrecision { teacher(images) }.cast(to: .float32), temperature: temperature)
    }
  }

  /// The teacher's targets for the epoch under way, where the recipe keeps them: read, or made now for all that follow.
  private func storedTargets(_ observer: ((TrainingEvent) -> Void)?) throws -> EpochTargets? {
    guard let distillation = recipe.training.distillation, let stored = distillation.stored, let teacher else {
      return nil
    }
    let file = URL(filePath: stored.directory).appending(path: "epoch-\(position.epoch).safetensors")
    let kept = min(stored.classes, recipe.model.classes)
    let identity = try recipe.identityOfTargets(
      of: teacher, data: data, epoch: position.epoch, kept: kept)
    if !FileManager.default.fileExists(atPath: file.path) {
      let writer = TargetWriter(images: data.training.count, kept: kept)
      let batches = trainingLoader.epoch(position.epoch)
      while let batch = try batches.next() {
        let targets = softTargets(of: teacher, batch.images.to(device: device), distillation.temperature)
        writer.add(targets, for: batch.indices, images: batch.images)
        if let signal = Interruption.signalNumber {
          try writeCheckpoint(observer)
          throw RunError.interrupted(signal: signal, checkpoint: directory.url)
        }
      }
      try writer.write(to: file, identity: identity)
      observer?(.storedTargets(file))
    }
    return try EpochTargets.read(from: file, identity: identity, images: data.training.count)
  }

  private func inPrecision(_ body: () -> Tensor) -> Tensor {
    switch recipe.training.precision {
    case .auto, .fp32: body()  // `auto` was settled when the run began
    case .bf16: withAutocast(.bfloat16, device: device, body)
    }
  }

  /// Evaluates on the search split and moves on to the next epoch.
  ///
  /// The figures of a supernet are its dense network's; those of the other anchors stand beside them.
  private func endEpoch() throws -> Metrics {
    var evaluations: [(name: String, evaluation: Evaluation)] = []
    if data.search.count > 0 {
      let evaluate = { try Evaluation(of: self.model, on: self.searchLoader, device: self.device) }
      let evaluateAll = {
        try self.subnets.map { try $0.endEpoch(self.position.epoch + 1, evaluate: evaluate) }
          ?? [(name: "", evaluation: try evaluate())]
      }
      evaluations = try average.map { try $0.whileApplied(evaluateAll) } ?? evaluateAll()
    }
    if let broken = evaluations.first(where: { !$0.evaluation.loss.isFinite }) {
      throw RunError.diverged(
        step: position.step, loss: broken.evaluation.loss, learningRate: schedule.rate(at: max(0, position.step - 1)))
    }
    let evaluation = evaluations.first?.evaluation
    let anchors = evaluations.filter { !$0.name.isEmpty }.map { ($0.name, $0.evaluation.accuracy) }
    let loss = position.epochLoss.mean
    (position.epoch, position.batch, position.epochLoss) = (position.epoch + 1, 0, .init())
    return Metrics(
      step: position.step, epoch: Double(position.epoch), loss: loss,
      learningRate: schedule.rate(at: max(0, position.step - 1)), validationLoss: evaluation?.loss,
      validationAccuracy: evaluation?.accuracy,
      subnets: anchors.isEmpty ? nil : Dictionary(anchors, uniquingKeysWith: { first, _ in first }),
      seconds: position.seconds)
  }

  private var epochsDone: Double {
    Double(position.epoch) + Double(position.batch) / Double(max(1, trainingLoader.batchCount))
  }

  private var summary: String {
    let counts =
      "\(model.parameterCount) weights, \(data.training.count) training and \(data.search.count) search images"
    let place = position.step > 0 ? ", resumed at step \(position.step)" : ""
    return "\(recipe.model.description): \(counts) of \(data.description), \(schedule.totalSteps) steps of "
      + "\(recipe.training.batchSize) in \(recipe.training.precision.rawValue) on \(device), "
      + "\(Torch.threads) thread\(Torch.threads == 1 ? "" : "s")\(place)\(remarks.map { "; \($0)" }.joined())"
  }

  // MARK: - Files

  private func writeCheckpoint(_ observer: ((TrainingEvent) -> Void)?) throws {
    let checkpoint = TrainingCheckpoint(
      position: position, recipe: recipe, data: data.identity,
      model: model.stateDictionary(), optimizer: optimizer.state,
      average: average?.state ?? StateDictionary(), random: generator.state, sampler: try subnets?.state)
    try checkpoint.write(to: directory.checkpoint)
    observer?(.checkpointed(directory.checkpoint))
  }

  private func writeModel() throws {
    let write = {
      try TrainedModel.write(
        self.model, recipe: self.recipe, classes: self.data.training.classes, to: self.directory.model)
    }
    try average.map { try $0.whileApplied(write) } ?? write()
  }

  private func restore(_ checkpoint: TrainingCheckpoint) throws {
    let file = directory.checkpoint
    if let difference = try recipe.firstDifference(from: checkpoint.recipe) {
      throw RunError.otherRecipe(
        directory.url, key: difference.key, was: difference.other, now: difference.own)
    }
    guard checkpoint.data == data.identity else {
      throw RunError.otherData(directory.url, was: checkpoint.data, now: data.identity)
    }
    try model.load(checkpoint.model, from: file.path)
    try optimizer.restore(checkpoint.optimizer)
    if let average { try average.restore(checkpoint.average) }
    try generator.restore(checkpoint.random)
    try subnets?.restore(checkpoint.sampler, from: file)
    position = checkpoint.position
    let (before, now) = (checkpoint.recipe.training.epochs, recipe.training.epochs)
    if now > before {
      remarks.append("\(now) epochs in place of \(before): from here on the learning rate is that of a run of \(now)")
    }
  }
}

/// What a finished run reached.
public struct TrainingResult: Codable, Hashable, Sendable {
  public let steps, epochs: Int
  /// The mean loss of the last epoch.
  public let trainingLoss: Double?
  /// On the search split after the last epoch.
  public let validationLoss, validationAccuracy: Double?
  /// The accuracy there of subnets of a supernet, by name: `dense`, `2:4`.
  public let subnets: [String: Double]?
  /// Training time in all sessions.
  public let seconds: Double
  /// The file of the trained weights.
  public let model: String
}

extension TrainingResult: CustomStringConvertible {
  public var description: String {
    let accuracy = validationAccuracy.map { String(format: ", %.2f %% right on the search split", 100 * $0) } ?? ""
    let others = (subnets ?? [:]).filter { $0.key != "dense" }.sorted { $0.key > $1.key }
      .map { String(format: ", %.2f %% in %@", 100 * $0.value, $0.key) }.joined()
    let loss = trainingLoss.map { String(format: ", training loss %.4f", $0) } ?? ""
    return
      "\(model): \(epochs) epochs, \(steps) steps in \(ConsoleBar.duration(seconds))\(loss)\(accuracy)\(others)"
  }
}

private func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
