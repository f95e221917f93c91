import SwiftletMedia
import SwiftletVision

/// Batches of a data set, made ahead by worker threads.
///
/// What a batch holds depends only on the seed, the epoch and its number: not on the workers, and not on where the epoch was entered.
/// ```swift
/// let loader = DataLoader(split.training, batchSize: 128, order: .shuffled, pipeline: pipeline, seed: 0)
/// let batches = loader.epoch(3)
/// while let batch = try batches.next() { … }
/// ```
public struct DataLoader: Sendable {
  public enum Order: Hashable, Sendable {
    case sequential
    /// Another order every epoch.
    case shuffled
  }

  public let dataset: any ImageDataset
  public let batchSize: Int
  public let order: Order
  public let pipeline: ImagePipeline
  /// Mixes the pictures of a batch and makes its targets soft; nil for plain labels.
  public let mixing: BatchMixing?
  public let dropsLast: Bool
  public let seed: UInt64
  /// Threads beside the caller's; with 0 batches are made when they are asked for.
  public let workers: Int
  private let table: [Float]

  /// - Parameter dropsLast: leaves out a last batch with fewer than `batchSize` samples.
  public init(
    _ dataset: any ImageDataset, batchSize: Int, order: Order, pipeline: ImagePipeline, mixing: BatchMixing? = nil,
    dropsLast: Bool = false, seed: UInt64 = 0, workers: Int = 1
  ) {
    precondition(batchSize > 0 && workers >= 0, "DataLoader: batchSize is \(batchSize) and workers \(workers)")
    (self.dataset, self.batchSize, self.order, self.pipeline) = (dataset, batchSize, order, pipeline)
    (self.mixing, self.dropsLast, self.seed, self.workers) = (mixing, dropsLast, seed, workers)
    table = pipeline.normalization.table
  }

  public var batchCount: Int {
    dropsLast ? dataset.count / batchSize : (dataset.count + batchSize - 1) / batchSize
  }

  /// The batches of an epoch, from batch `start` on (to resume inside an epoch).
  public func epoch(_ epoch: Int = 0, startingAt start: Int = 0) -> BatchReader {
    var stream = RandomStream(seed: seed).child(0).child(epoch)
    let indices = order == .shuffled ? stream.permutation(dataset.count) : Array(0..<dataset.count)
    let samples = RandomStream(seed: seed).child(1).child(epoch)
    let mixes = RandomStream(seed: seed).child(2).child(epoch)
    let end = batchCount
    let loader = self
    let finder = UnreadablePictureFinder(dataset, threads: max(1, workers))
    let make: @Sendable (Int) throws -> HostBatch = { batch in
      let first = batch * loader.batchSize
      let members = indices[first..<min(first + loader.batchSize, indices.count)]
      var made = try finder.findingAll { try loader.batch(of: members, streams: samples) }
      if let mixing = loader.mixing {
        var random = mixes.child(batch)
        mixing.apply(to: &made, classes: loader.dataset.classes.count, using: &random)
      }
      return made
    }
    return BatchReader(start: min(start, end), end: end, workers: workers, make: make)
  }

  private func batch(of members: ArraySlice<Int>, streams: RandomStream) throws -> HostBatch {
    let channels = pipeline.normalization.channels
    var images: [Float] = []
    var size: (width: Int, height: Int)?
    var labels: [Int64] = []
    for (position, member) in members.enumerated() {
      var random = streams.child(member)
      let image = pipeline.applied(
        to: try dataset.image(at: member).converted(toChannels: channels), using: &random)
      let stride = image.width * image.height * channels
      if size == nil {
        size = (image.width, image.height)
        images = [Float](unsafeUninitializedCapacity: members.count * stride) { buffer, count in
          buffer.initialize(repeating: 0)
          count = members.count * stride
        }
      }
      guard let size, size == (image.width, image.height) else {
        throw DataError(
          .request,
          "sample \(member) has \(image.width) x \(image.height) pixels and its batch \(size?.width ?? 0) x \(size?.height ?? 0); end the pipeline with a crop or a resize"
        )
      }
      images.withUnsafeMutableBufferPointer { buffer in
        let slot = UnsafeMutableBufferPointer(rebasing: buffer[position * stride..<(position + 1) * stride])
        writePlanes(of: image, through: table, to: slot)
        pipeline.erasing?.apply(
          to: slot, channels: channels, height: image.height, width: image.width, using: &random)
      }
      labels.append(Int64(dataset.label(at: member)))
    }
    return HostBatch(
      images: images, count: members.count, channels: channels, height: size?.height ?? 0, width: size?.width ?? 0,
      labels: labels, indices: Array(members), targets: nil)
  }
}

/// The batches of one epoch, in order. Letting go of it stops the workers.
public final class BatchReader {
  private let queue: BatchQueue?
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
