import SwiftletTensor

/// A batch as tensors on the processor.
public struct Batch {
  /// `[count, channels, height, width]`, float32, normalised.
  public let images: Tensor
  /// `[count]`, int64: the class of each picture before any mixing.
  public let labels: Tensor
  /// `[count]`: which samples of the data set these are.
  public let indices: [Int]
  /// `[count, classes]`, float32, rows that sum to 1, where the loader mixes batches.
  public let softTargets: Tensor?
  public let count: Int

  public init(_ host: HostBatch) {
    count = host.count
    indices = host.indices
    images = Tensor(host.images, shape: [host.count, host.channels, host.height, host.width])
    labels = Tensor(host.labels, shape: [host.count])
    softTargets = host.targets.map { Tensor($0, shape: [host.count, $0.count / max(1, host.count)]) }
  }
}

extension BatchReader {
  /// The next batch, or nil after the last. The first sample that cannot be read is the error, and ends the epoch.
  public func next() throws -> Batch? {
    try nextHostBatch().map(Batch.init)
  }
}
