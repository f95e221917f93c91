import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletNN
import SwiftletTensor
import SwiftletTraining

/// Trains a ``Listener``: in every step first the feeling, which moves all that is behind it, then the loudness, which
/// moves its own layer alone.
///
/// It is small, but has all that a task of any kind may have: inputs of several kinds and lengths, samples that lack one,
/// two losses in order, metrics and a recipe of its own.
public final class ListeningTask: TrainingTask {
  public static let samples = "sounds"
  public static let ranking = MetricRanking("loss", isHigherBetter: false)

  public var recipe: ListeningRecipe
  public let listener: Listener
  public let beginsTrained: Bool
  /// In their order. A test may leave one out.
  public lazy var losses: [StepLoss] = [feeling, loudness]

  /// What a test does while the network is judged.
  public var duringEvaluation: ((RunContext) throws -> Void)?

  private let training, search: DataLoader<StackedSamples<Sounds>>

  public convenience init(_ text: RecipeText, data: URL?, start: StartingWeights?) throws {
    try self.init(text.recipe(as: ListeningRecipe.self), start: start)
  }

  public init(_ recipe: ListeningRecipe, start: StartingWeights? = nil) throws {
    try recipe.validate()
    self.recipe = recipe
    listener = Listener(width: recipe.model.width, using: Generator(seed: UInt64(recipe.training.seed)))
    beginsTrained = start != nil
    if let start { try listener.load(Checkpoint.read(from: start.file), from: start.file.lastPathComponent) }
    let (data, settings) = (recipe.data, recipe.training)
    training = DataLoader(
      of: StackedSamples(Sounds(0..<data.training, seed: data.seed, noise: 0.1)), batchSize: settings.batchSize,
      order: .shuffled, dropsLast: true, mostBatches: settings.stepsPerEpoch, seed: UInt64(settings.seed),
      workers: settings.usableWorkers)
    search = DataLoader(
      of: StackedSamples(Sounds(data.training..<data.training + data.search, seed: data.seed)),
      batchSize: settings.batchSize, order: .sequential, workers: settings.usableWorkers)
  }

  public var network: any Module { listener }
  public var networkDescription: String { "a listener of width \(recipe.model.width)" }
  public var dataDescription: String { "drawn sounds" }
  public var dataIdentity: String {
    "\(recipe.data.training) + \(recipe.data.search) sounds of seed \(recipe.data.seed)"
  }
  public var sampleCounts: (training: Int, search: Int) { (recipe.data.training, recipe.data.search) }

  public var batchesPerEpoch: Int { training.batchCount }

  public func batches(ofEpoch epoch: Int, startingAt start: Int) -> any BatchSequence {
    training.epoch(epoch, startingAt: start)
  }

  // MARK: - Losses

  public var feeling: StepLoss {
    StepLoss("feeling") { [unowned self] batch, run in
      let batch = batch.to(device: run.device)
      return hear(batch).feeling.crossEntropy(batch.tensor("feeling"))
    }
  }

  /// Of the sounds that say it; the rest of the network is as it will run, without dropout and with its running statistics.
  public var loudness: StepLoss {
    StepLoss("loudness", moving: ["loudness"]) { [unowned self] batch, run in
      guard let batch = batch.having("loudness")?.to(device: run.device) else { return nil }
      listener.evaluate()
      defer { listener.train(using: run.generator) }
      return loudnessError(hear(batch).loudness, of: batch)
    }
  }

  private func hear(_ batch: Batch) -> (loudness: Tensor, feeling: Tensor) {
    listener(frames: batch.tensor("frames"), speaker: batch.tensor("speaker"), mask: batch.mask(of: "frames"))
  }

  /// The mean square over the frames of all sounds.
  private func loudnessError(_ loudness: Tensor, of batch: Batch) -> Tensor {
    let wanted = batch.tensor("loudness")
    // Those that say it may be shorter than the longest sound.
    let found = loudness.squeezed(2).narrowed(along: 1, from: 0, count: wanted.shape[1])
    let mask = batch.mask(of: "loudness") ?? .ones(wanted.shape)
    let error = (found - wanted) * mask
    return (error * error).sum() / mask.sum()
  }

  // MARK: - Evaluation

  public func evaluate(_ run: RunContext) throws -> TaskEvaluation? {
    guard recipe.data.search > 0 else { return nil }
    try duringEvaluation?(run)
    listener.evaluate()
    return try withNoGradient {
      var (loss, right, error, errors) = (0.0, 0.0, 0.0, 0)
      let batches = search.epoch()
      while let batch = try batches.next()?.to(device: run.device) {
        let heard = hear(batch)
        loss += heard.feeling.crossEntropy(batch.tensor("feeling"), reduction: .sum).item()
        right += heard.feeling.winners().equal(to: batch.tensor("feeling")).sum().item()
        if let batch = batch.having("loudness") {
          error += loudnessError(hear(batch).loudness, of: batch).item()
          errors += 1
        }
      }
      let count = Double(recipe.data.search)
      return TaskEvaluation(
        ["loss": loss / count, "accuracy": right / count, "loudnessError": error / Double(max(1, errors))])
    }
  }
}
