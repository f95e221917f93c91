import SwiftletData
import SwiftletExport
import SwiftletFiles
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining

/// Judges plans of an image classifier: packed and run by the runtime, on the search split of a recipe's images.
public final class ImageEvaluator: PlanEvaluator {
  public let identity: Fingerprint
  private let images: HeldOutImages
  private let network: PlannedNetwork
  private let threads: Int

  /// - Parameters:
  ///   - model: maps `[batch] + inputShape` to class scores.
  ///   - space: what plans may decide.
  public init(
    _ model: some Layer, inputShape: [Int], space: SearchSpace, recipe: Recipe, data: TrainingData, threads: Int
  ) throws {
    let settings = recipe.search ?? Recipe.Search()
    self.threads = threads
    guard data.search.count > 0 else { throw SearchRunError.noSearchSplit }
    let count = min(settings.images ?? data.search.count, data.search.count)
    let chosen = try Partition(
      labels: data.search.labels, counts: [count, data.search.count - count], seed: UInt64(recipe.data.splitSeed))
    let batches = recipe.evaluationLoader(over: Subset(data.search, chosen.parts[0]), batchSize: 50).epoch(0)
    var held: [(images: NDArray, labels: [Int])] = []
    while let batch = try batches.next() {
      held.append((batch.images.inMemory, batch.labels.scalars(as: Int64.self).map(Int.init)))
    }
    images = HeldOutImages(held)

    let usesInt8 = space.slots.contains { $0.levels.contains { $0.precision == .int8 } }
    var calibration: Calibration?
    if usesInt8 {
      let spread = data.training.evenlySpaced(settings.calibrationImages)
      let batches = recipe.evaluationLoader(over: spread, batchSize: 32).epoch(0)
      var seen: [Tensor] = []
      while let batch = try batches.next() { seen.append(batch.images) }
      calibration = Calibration(batches: seen, threads: threads)
    }
    model.evaluate()
    network = try PlannedNetwork(
      model, inputShape: inputShape, layers: space.slots.flatMap(\.paths), calibration: calibration)

    var identity = Fingerprint(.scattered)
    identity.mix(weightsOf: model)
    identity.mix("\(data.identity), \(count) images, \(recipe.data.mean) \(recipe.data.deviation)")
    if usesInt8 { identity.mix("\(settings.calibrationImages) calibration images, measured ranges, smoothed norms") }
    self.identity = identity
  }

  public var summary: String { "\(images.count) held-out images, \(threads) threads" }

  public func score(of plan: CompressionPlan) throws -> Evaluation {
    try images.fitness(of: Session(network.modelFile(for: plan), threads: threads))
  }
}

extension Tensor {
  fileprivate var inMemory: NDArray {
    NDArray(cast(to: .float32).contiguous().scalars(as: Float.self), shape: shape)
  }
}
