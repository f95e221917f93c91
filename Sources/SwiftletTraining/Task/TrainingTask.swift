import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletNN
import SwiftletTensor

/// What a ``TrainingRun`` trains: a network, its batches, the losses of a step, and what is measured.
///
/// The loop keeps steps, schedule, optimiser, average, checkpoints and metrics, and knows nothing of what a batch holds.
/// ```swift
/// var losses: [StepLoss] {
///   [
///     StepLoss("sound", moving: ["sound", "shared"]) { batch, _ in
///       batch.having("sound").map { model.sound($0.tensor("sound")).crossEntropy($0.tensor("label")) }
///     },
///     …
///   ]
/// }
/// ```
public protocol TrainingTask: AnyObject {
  associatedtype Recipe: TaskRecipe

  /// What samples are called, such as `images`.
  static var samples: String { get }
  /// The metric that tells which of two networks is the better one.
  static var ranking: MetricRanking { get }

  /// The recipe's network and data.
  ///
  /// - Parameters:
  ///   - data: where the data lie; nil for a recipe that needs none.
  ///   - start: what the network begins with in place of random weights.
  init(_ text: RecipeText, data: URL?, start: StartingWeights?) throws

  /// The run settles in it what the recipe leaves to the machine.
  var recipe: Recipe { get set }
  /// What learns. Checkpoints hold its parameters and buffers, by path.
  var network: any Module { get }
  /// For people: the network and the data, a phrase each.
  var networkDescription: String { get }
  var dataDescription: String { get }
  /// Names the data in checkpoints, so that a run is not resumed on others.
  var dataIdentity: String { get }
  /// The numbers of samples that are trained on, and that networks are ranked by.
  var sampleCounts: (training: Int, search: Int) { get }
  /// Whether the network begins with weights that were given; a run is resumed with the same ones alone.
  var beginsTrained: Bool { get }
  /// What a person should know about the weights that it begins with, and what may be wrong with the data, a sentence each.
  var remarks: [String] { get }
  var warnings: [String] { get }

  /// The losses of a step, in the order in which they move weights.
  var losses: [StepLoss] { get }
  var batchesPerEpoch: Int { get }
  /// The batches of an epoch, on the processor, from `start` on. They depend on seed, epoch and number alone.
  func batches(ofEpoch epoch: Int, startingAt start: Int) throws -> any BatchSequence
  /// Called once, after ``network`` has come to the run's device.
  func prepare(_ run: RunContext) throws
  /// Called before the first batch of an epoch, and before the next one of an epoch that is resumed.
  func beginEpoch(_ run: RunContext) throws
  /// Judges the network on samples that are not trained on, after ``RunContext/epoch`` epochs; nil where there are none.
  ///
  /// With the averaged weights, where the recipe keeps them. A metric `loss` that is no number ends the run.
  func evaluate(_ run: RunContext) throws -> TaskEvaluation?

  /// What a checkpoint keeps besides weights, optimiser and generator, as text.
  var state: String? { get throws }
  /// - Parameter file: the checkpoint, for errors.
  func restore(_ state: String?, from file: URL) throws
  /// Writes the trained network with what is needed to use it, whole or not at all.
  func write(to file: URL) throws
  /// The names of the files that it writes beside that one.
  static var sideFiles: [String] { get }
}

extension TrainingTask {
  public static var sideFiles: [String] { [] }
  public var beginsTrained: Bool { false }
  public var remarks: [String] { [] }
  public var warnings: [String] { [] }
  public func prepare(_ run: RunContext) throws {}
  public func beginEpoch(_ run: RunContext) throws {}
  public var state: String? { get throws { nil } }
  public func restore(_ state: String?, from file: URL) throws {}

  public func write(to file: URL) throws {
    var state = network.stateDictionary()
    state.metadata["swiftlet.recipe"] = try recipe.yaml()
    try Checkpoint.write(state, to: file, format: .safetensors)
  }
}

/// A loss, and the weights that it moves.
public struct StepLoss {
  /// As metrics name it, where a step has several.
  public let name: String
  let value: (_ batch: Batch, _ run: RunContext) throws -> Tensor?
  private let parts: [String]?

  /// - Parameters:
  ///   - parts: the paths of the modules whose parameters move, such as `head`; nil moves all that learn.
  ///   - value: a scalar with its graph; nil where the batch has nothing to learn this from, so that nothing moves.
  public init(
    _ name: String, moving parts: [String]? = nil,
    value: @escaping (_ batch: Batch, _ run: RunContext) throws -> Tensor?
  ) {
    (self.name, self.parts, self.value) = (name, parts, value)
  }

  /// Whether the parameter at `path` is moved.
  func moves(_ path: String) -> Bool { parts?.contains { path == $0 || path.hasPrefix($0 + ".") } ?? true }
}

/// What a task may ask the run that trains it.
public struct RunContext {
  public let device: Device
  /// Of dropout and the like, on the device.
  public let generator: Generator
  public let precision: Recipe.Arithmetic
  /// Steps taken, and epochs completed.
  public internal(set) var step = 0
  public internal(set) var epoch = 0
  /// Of the step under way, or of the last one of an epoch that is over.
  public internal(set) var learningRate: Double
  /// Where the run should stop, leaves a checkpoint and throws; for work that takes long.
  public let stopIfAsked: () throws -> Void
  /// Tells whoever watches.
  public let tell: (TrainingEvent) -> Void

  /// - Throws: `RunError.diverged` if a loss is no number.
  public func checkLoss(_ loss: Double) throws {
    if !loss.isFinite { throw RunError.diverged(step: step, loss: loss, learningRate: learningRate) }
  }

  /// Runs `body` in the arithmetic that the recipe chose.
  public func inPrecision<Result>(_ body: () -> Result) -> Result {
    switch precision {
    case .auto, .fp32: body()  // `auto` was settled when the run began
    case .bf16: withAutocast(.bfloat16, device: device, body)
    }
  }
}

/// What was measured on samples that are not trained on.
public struct TaskEvaluation: Hashable, Sendable {
  /// By name, in lower camel case.
  public var metrics: [String: Double]
  /// The ranking metric of variants of the network, such as a supernet's subnets, by name.
  public var variants: [String: Double]

  public init(_ metrics: [String: Double], variants: [String: Double] = [:]) {
    (self.metrics, self.variants) = (metrics, variants)
  }
}

/// The metric that networks are ranked by.
public struct MetricRanking: Hashable, Sendable {
  public let metric: String
  public let isHigherBetter: Bool

  public init(_ metric: String, isHigherBetter: Bool) {
    (self.metric, self.isHigherBetter) = (metric, isHigherBetter)
  }

  /// Whether the first value is the better one.
  public func prefers(_ value: Double, to other: Double) -> Bool { isHigherBetter ? value > other : value < other }
}

/// A file of weights, or a folder of shards, that training begins with.
public struct StartingWeights: Hashable, Sendable {
  public let file: URL
  /// Whether the weights' average over the steps is wanted, where the file holds one beside them.
  public let averages: Bool

  public init(_ file: URL, averages: Bool = false) { (self.file, self.averages) = (file, averages) }
}
