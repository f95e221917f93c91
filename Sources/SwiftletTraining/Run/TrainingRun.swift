import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletFiles
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import SwiftletTerminal

/// One training run in one directory: from a task to trained weights, interruptible and resumable.
///
/// ```swift
/// let recipe = try Recipe.read(from: URL(filePath: "recipes/deit-cifar10.yaml"))
/// let task = try ImageClassificationTask(recipe: recipe, data: data)
/// let result = try TrainingRun(task, output: URL(filePath: "runs/first")).start { event in print(event) }
/// ```
/// The same recipe, data and thread count give the same weights, bit for bit, however often the run was interrupted.
public final class TrainingRun<Task: TrainingTask> {
  public let task: Task
  public let directory: RunDirectory
  /// Called with the number of the step before its forward pass.
  public var beforeStep: ((Int) throws -> Void)?
  /// Called with the number of the step after the optimiser has moved the weights.
  public var afterStep: ((Int) throws -> Void)?

  private let device: Device
  private let optimizer: any Optimizer
  private let schedule: LearningRateSchedule
  private let average: WeightAverage?
  private let generator: Generator
  private var position = TrainingCheckpoint<Task.Recipe>.Position()
  /// The directory's lock, unless the caller has it.
  private let lock: RunLock?
  /// Names the weights that the run began with, where those were no random ones.
  private let start: String?
  /// What the user should know about this run and this machine, each a phrase.
  private var remarks: [String] = []

  /// What the run follows, with what the machine decided.
  public var recipe: Task.Recipe { task.recipe }

  /// - Parameters:
  ///   - resume: whether to go on from the checkpoint in `output`.
  ///   - lock: the output's, where the caller has it already and writes there too.
  /// - Throws: `RunError`, `RecipeError` or `CheckpointError`.
  public init(_ task: Task, output: URL, resume: Bool = false, lock: RunLock? = nil) throws {
    try task.recipe.validate()
    self.task = task
    let settings = task.recipe.loop
    guard task.sampleCounts.training >= settings.batchSize else {
      throw RunError.tooFewSamples(
        count: task.sampleCounts.training, samples: Task.samples, batchSize: settings.batchSize,
        source: task.dataDescription)
    }
    guard settings.patience == nil || task.sampleCounts.search > 0 else {
      throw RecipeError(
        "training.patience", "needs \(Task.samples) to judge networks by, and the recipe holds out none")
    }
    device = try Device(parsing: settings.device)
    directory = RunDirectory(output)
    let held = try directory.prepare(resuming: resume, holding: lock)
    self.lock = lock == nil ? held : nil
    if let doubt = held.doubt { remarks.append(doubt) }
    let checkpoint = resume ? try TrainingCheckpoint<Task.Recipe>.read(from: directory.checkpoint) : nil
    // What a run began with it keeps, so that it comes out the same on whatever processor it goes on.
    let choice = Recipe.Arithmetic.chosen(on: device)
    let precision = checkpoint?.recipe.loop.precision ?? choice.precision
    task.recipe = task.recipe.settled(precision)
    if settings.precision == .auto {
      remarks.append(
        precision == choice.precision
          ? "\(precision.rawValue) as \(choice.reason)"
          : "\(precision.rawValue) as the run began with it, though \(choice.reason)")
    }
    if let threads = settings.threads {
      Torch.setThreads(min(threads, AvailableProcessors.count))
      if threads > AvailableProcessors.count {
        remarks.append("\(threads) threads were asked for, the process may use \(AvailableProcessors.count) processors")
      }
    }

    precondition(
      task.batchesPerEpoch <= settings.stepsPerEpoch ?? .max, "\(Task.self) does not heed training.stepsPerEpoch")
    schedule = settings.schedule(stepsPerEpoch: task.batchesPerEpoch)
    task.network.move(to: device)
    let parameters = task.network.namedParameters().filter(\.tensor.requiresGradient).map {
      (name: $0.path, tensor: $0.tensor)
    }
    optimizer = settings.optimizer(over: parameters)
    let statistics = task.network.namedBuffers().filter(\.tensor.dataType.isFloatingPoint).map {
      (name: $0.path, tensor: $0.tensor)
    }
    average = settings.averageDecay.map { WeightAverage(of: parameters + statistics, decay: $0) }
    generator = Generator(seed: UInt64(settings.seed) &+ 1, device: device)
    start = task.beginsTrained ? "weights \(task.network.stateDictionary().fingerprint)" : nil
    try task.prepare(context(nil))
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
      while position.epoch < recipe.loop.epochs, !isOutOfPatience {
        try trainEpoch(log: log, observer: observer)
        let metrics = try endEpoch(observer)
        try log.append(metrics)
        observer?(.epochEnded(metrics))
        last = metrics
        try writeCheckpoint(observer)
      }
    }
    if recipe.loop.keep == .last || position.best == nil { try writeNetwork() }
    let final = try last ?? MetricsLog.read(directory.metrics).last
    return TrainingResult(
      steps: position.step, epochs: position.epoch, trainingLoss: final?.loss, validation: final?.validation ?? [:],
      subnets: final?.subnets, seconds: position.seconds, model: directory.model.path)
  }

  // MARK: - One epoch

  private func trainEpoch(log: MetricsLog, observer: ((TrainingEvent) -> Void)?) throws {
    let settings = recipe.loop
    try task.beginEpoch(context(observer))
    let batches = try task.batches(ofEpoch: position.epoch, startingAt: position.batch)
    let steps = schedule.totalSteps
    let clock = ContinuousClock()
    var (mark, sinceMetrics, sinceCheckpoint) = (clock.now, 0.0, 0.0)
    var (speed, samplesSinceMetrics) = (0.0, 0)
    task.network.train(using: generator)
    let hasParts = task.losses.count > 1
    let remedy = "lower training.batchSize (it is \(settings.batchSize)) or choose a smaller network"
    while let batch = try advising(remedy, while: "reading a batch", { try batches.next() }) {
      let rate = schedule.rate(at: position.step)
      try beforeStep?(position.step)
      let step = try advising(remedy, while: "training") { try self.step(on: batch, rate: rate, observer) }
      try afterStep?(position.step)

      position.step += 1
      position.batch += 1
      position.add(step.losses, inParts: hasParts)
      samplesSinceMetrics += settings.batchSize
      let now = clock.now
      let elapsed = seconds(now - mark)
      mark = now
      position.seconds += elapsed
      sinceMetrics += elapsed
      sinceCheckpoint += elapsed
      let current = Double(settings.batchSize) / elapsed
      speed = speed == 0 ? current : 0.95 * speed + 0.05 * current

      observer?(
        .progress(
          TrainingProgress(
            step: position.step, steps: steps, epoch: position.epoch, epochs: settings.epochs, loss: step.loss,
            samples: Task.samples, samplesPerSecond: speed,
            secondsLeft: Double(steps - position.step) * Double(settings.batchSize) / speed)))
      if position.step.isMultiple(of: settings.logEverySteps) {
        let metrics = Metrics(
          step: position.step, epoch: epochsDone, loss: position.logged.mean, losses: position.loggedParts,
          learningRate: rate, gradientNorm: step.gradientNorm, samples: Task.samples,
          samplesPerSecond: Double(samplesSinceMetrics) / sinceMetrics, seconds: position.seconds)
        try log.append(metrics)
        observer?(.logged(metrics))
        position.forgetLogged()
        (sinceMetrics, samplesSinceMetrics) = (0, 0)
      }
      try stopIfAsked(observer)
      if sinceCheckpoint > 60 * settings.checkpointMinutes {
        try writeCheckpoint(observer)
        sinceCheckpoint = 0
      }
    }
  }

  /// What a step did: its losses before it, by name, and the norm of each one's gradients.
  private struct Step {
    var losses: [(name: String, value: Double)] = []
    var norms: [Tensor] = []

    var loss: Double { losses.reduce(0) { $0 + $1.value } }
    /// Of all gradients; read only where it is logged, for the device has to be waited for.
    var gradientNorm: Double? {
      switch norms.count {
      case 0: nil
      case 1: norms[0].item()
      default: norms.reduce(0) { $0 + $1.item() * $1.item() }.squareRoot()
      }
    }
  }

  /// Moves the weights once for each loss of the task.
  private func step(on batch: Batch, rate: Double, _ observer: ((TrainingEvent) -> Void)?) throws -> Step {
    let context = context(observer)
    var step = Step()
    for part in task.losses {
      guard let loss = try part.value(batch, context) else { continue }
      let value = loss.item()
      try context.checkLoss(value)
      optimizer.clearGradients()
      loss.backward()
      optimizer.clearGradients { !part.moves($0) }
      step.norms.append(optimizer.clipGradients(toNorm: recipe.loop.clipNorm))
      optimizer.step(learningRate: rate)
      step.losses.append((part.name, value))
    }
    average?.update(step: position.step)
    return step
  }

  /// Evaluates on the search split and moves on to the next epoch.
  private func endEpoch(_ observer: ((TrainingEvent) -> Void)?) throws -> Metrics {
    let rate = schedule.rate(at: max(0, position.step - 1))
    // A checkpoint holds the weights themselves, so it waits until the average has given their place back.
    var context = context(observer) { if Interruption.signalNumber != nil { throw StopAsked() } }
    (context.epoch, context.learningRate) = (position.epoch + 1, rate)
    let evaluate = { try self.task.evaluate(context) }
    let evaluation: TaskEvaluation?
    do { evaluation = try average.map { try $0.whileApplied(evaluate) } ?? evaluate() } catch let stop as StopAsked {
      try stopIfAsked(observer)
      throw stop
    }
    if let loss = evaluation?.metrics["loss"] { try context.checkLoss(loss) }
    try rank(evaluation?.metrics[Task.ranking.metric])
    let loss = position.epochLoss.mean
    (position.epoch, position.batch, position.epochLoss) = (position.epoch + 1, 0, .init())
    let variants = evaluation?.variants ?? [:]
    return Metrics(
      step: position.step, epoch: Double(position.epoch), loss: loss, learningRate: rate,
      validation: evaluation?.metrics ?? [:], subnets: variants.isEmpty ? nil : variants, seconds: position.seconds)
  }

  /// That an evaluation should end.
  private struct StopAsked: Error {}

  /// Notes whether an epoch's network is the best so far, where that matters. No number is never better.
  private func rank(_ value: Double?) throws {
    let (keepsBest, patience) = (recipe.loop.keep == .best, recipe.loop.patience)
    guard keepsBest || patience != nil, let value else { return }
    guard value.isFinite, position.best.map({ Task.ranking.prefers(value, to: $0) }) ?? true else {
      if patience != nil { position.epochsSinceBest = (position.epochsSinceBest ?? 0) + 1 }
      return
    }
    if keepsBest { try writeNetwork() }
    (position.best, position.epochsSinceBest) = (value, patience == nil ? nil : 0)
  }

  private var isOutOfPatience: Bool {
    recipe.loop.patience.map { (position.epochsSinceBest ?? 0) >= $0 } ?? false
  }

  private var epochsDone: Double {
    Double(position.epoch) + Double(position.batch) / Double(max(1, task.batchesPerEpoch))
  }

  private func context(
    _ observer: ((TrainingEvent) -> Void)?, stopIfAsked: (() throws -> Void)? = nil
  ) -> RunContext {
    RunContext(
      device: device, generator: generator, precision: recipe.loop.precision, step: position.step,
      epoch: position.epoch, learningRate: schedule.rate(at: position.step),
      stopIfAsked: stopIfAsked ?? { [unowned self] in try self.stopIfAsked(observer) }, tell: { observer?($0) })
  }

  private var summary: String {
    let (training, search) = task.sampleCounts
    let counts =
      "\(task.network.parameterCount) weights, \(training) training and \(search) search \(Task.samples)"
    let place = position.step > 0 ? ", resumed at step \(position.step)" : ""
    return "\(task.networkDescription): \(counts) of \(task.dataDescription), \(schedule.totalSteps) steps of "
      + "\(recipe.loop.batchSize) in \(recipe.loop.precision.rawValue) on \(device), "
      + "\(Torch.threads) thread\(Torch.threads == 1 ? "" : "s")\(place)\(remarks.map { "; \($0)" }.joined())"
  }

  // MARK: - Files

  private func stopIfAsked(_ observer: ((TrainingEvent) -> Void)?) throws {
    guard let signal = Interruption.signalNumber else { return }
    try writeCheckpoint(observer)
    throw RunError.interrupted(signal: signal, checkpoint: directory.url)
  }

  private func writeCheckpoint(_ observer: ((TrainingEvent) -> Void)?) throws {
    let checkpoint = TrainingCheckpoint(
      position: position, recipe: recipe, data: task.dataIdentity, start: start,
      model: task.network.stateDictionary(), optimizer: optimizer.state,
      average: average?.state ?? StateDictionary(), random: generator.state, taskState: try task.state)
    try checkpoint.write(to: directory.checkpoint)
    observer?(.checkpointed(directory.checkpoint))
  }

  private func writeNetwork() throws {
    let write = { try self.task.write(to: self.directory.model) }
    try average.map { try $0.whileApplied(write) } ?? write()
  }

  private func restore(_ checkpoint: TrainingCheckpoint<Task.Recipe>) throws {
    let file = directory.checkpoint
    if let difference = try recipe.firstDifference(from: checkpoint.recipe) {
      throw RunError.otherRecipe(
        directory.url, key: difference.key, was: difference.other, now: difference.own)
    }
    guard checkpoint.data == task.dataIdentity else {
      throw RunError.otherData(directory.url, was: checkpoint.data, now: task.dataIdentity)
    }
    guard checkpoint.start == start else {
      throw RunError.otherStart(
        directory.url, was: checkpoint.start ?? "random weights", now: start ?? "random weights")
    }
    try task.network.load(checkpoint.model, from: file.path)
    try optimizer.restore(checkpoint.optimizer)
    if let average { try average.restore(checkpoint.average) }
    try generator.restore(checkpoint.random)
    try task.restore(checkpoint.taskState, from: file)
    position = checkpoint.position
    let (before, now) = (checkpoint.recipe.loop.epochs, recipe.loop.epochs)
    if let patience = recipe.loop.patience, isOutOfPatience {
      remarks.append("over, as nothing got better in \(patience) epochs: a higher training.patience lets it go on")
    } else if now > before {
      remarks.append("\(now) epochs in place of \(before): from here on the learning rate is that of a run of \(now)")
    }
  }
}

private func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
