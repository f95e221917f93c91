import SwiftletFiles

/// Samples that are put side by side, addressed by index: what a ``DataLoader`` makes batches of.
///
/// Making batches is safe from several threads at once.
public protocol BatchSource: Sendable {
  /// A batch as plain numbers.
  associatedtype HostBatch: HostBatchConvertible
  /// The number of samples.
  var count: Int { get }
  /// What makes the batches of one epoch: from the samples' indices and their random numbers.
  ///
  /// - Parameter threads: how many threads will make batches.
  func batchMaker(threads: Int) -> @Sendable (_ members: [Int], _ random: BatchRandom) throws -> HostBatch
}

/// A batch as plain numbers, which can become tensors.
public protocol HostBatchConvertible: Sendable {
  func tensors() -> Batch
}

/// The random numbers of a batch. They depend on seed, epoch and index alone.
public struct BatchRandom: Sendable {
  /// For what is drawn for the batch as a whole.
  public let batch: RandomStream
  fileprivate let samples: RandomStream

  /// For what is drawn for one sample, whatever batch it is in.
  public func sample(_ index: Int) -> RandomStream { samples.child(index) }
}

/// The order in which an epoch takes its samples.
public enum SampleOrder: Hashable, Sendable {
  case sequential
  /// Another order every epoch.
  case shuffled
}

/// Batches of samples, made ahead by worker threads.
///
/// What a batch holds depends only on the seed, the epoch and its number: not on the workers, and not on where the epoch was entered.
/// ```swift
/// let loader = DataLoader(split.training, batchSize: 128, order: .shuffled, pipeline: pipeline, seed: 0)
/// let batches = loader.epoch(3)
/// while let batch = try batches.next() { … }
/// ```
public struct DataLoader<Source: BatchSource>: Sendable {
  public let source: Source
  public let batchSize: Int
  public let order: SampleOrder
  public let dropsLast: Bool
  /// Batches at which an epoch ends though samples are left; nil passes over all of them.
  public let mostBatches: Int?
  public let seed: UInt64
  /// Threads beside the caller's; with 0 batches are made when they are asked for.
  public let workers: Int

  /// - Parameter dropsLast: leaves out a last batch with fewer than `batchSize` samples.
  public init(
    of source: Source, batchSize: Int, order: SampleOrder, dropsLast: Bool = false, mostBatches: Int? = nil,
    seed: UInt64 = 0, workers: Int = 1
  ) {
    precondition(batchSize > 0 && workers >= 0, "DataLoader: batchSize is \(batchSize) and workers \(workers)")
    (self.source, self.batchSize, self.order) = (source, batchSize, order)
    (self.dropsLast, self.mostBatches, self.seed, self.workers) = (dropsLast, mostBatches, seed, workers)
  }

  public var batchCount: Int {
    min(dropsLast ? source.count / batchSize : (source.count + batchSize - 1) / batchSize, mostBatches ?? .max)
  }

  /// The batches of an epoch, from batch `start` on (to resume inside an epoch).
  public func epoch(_ epoch: Int = 0, startingAt start: Int = 0) -> BatchReader<Source.HostBatch> {
    let root = RandomStream(seed: seed)
    var stream = root.child(0).child(epoch)
    let indices = order == .shuffled ? stream.permutation(source.count) : Array(0..<source.count)
    let (samples, batches) = (root.child(1).child(epoch), root.child(2).child(epoch))
    let (end, batchSize) = (batchCount, batchSize)
    let make = source.batchMaker(threads: max(1, workers))
    return BatchReader(start: min(start, end), end: end, workers: workers) { batch in
      let first = batch * batchSize
      let members = indices[first..<min(first + batchSize, indices.count)]
      return try make(Array(members), BatchRandom(batch: batches.child(batch), samples: samples))
    }
  }
}

/// The batches of one epoch, in order. Letting go of it stops the workers.
public final class BatchReader<HostBatch: HostBatchConvertible> {
  private let queue: BatchQueue<HostBatch>?
  private let make: @Sendable (Int) throws -> HostBatch
  private var position: Int
  private let end: Int

  init(start: Int, end: Int, workers: Int, make: @escaping @Sendable (Int) throws -> HostBatch) {
    (position, self.end, self.make) = (start, end, make)
    queue =
      workers > 0 && start < end
      ? BatchQueue(start: start, end: end, workers: workers, ahead: 2 * workers, make: make) : nil
  }

  deinit { queue?.cancel() }

  /// The next batch as plain numbers, or nil after the last.
  public func nextHostBatch() throws -> HostBatch? {
    if let queue { return try queue.take() }
    guard position < end else { return nil }
    position += 1
    return try make(position - 1)
  }
}

extension BatchReader: BatchSequence {
  public func next() throws -> Batch? { try nextHostBatch()?.tensors() }
}

/// Batches in order.
public protocol BatchSequence: AnyObject {
  /// The next batch, or nil after the last. The first sample that cannot be read is the error, and ends the epoch.
  func next() throws -> Batch?
}
