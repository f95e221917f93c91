import SwiftletTensor

/// Pictures and labels as plain numbers, before they become tensors.
public struct HostImageBatch: Hashable, HostBatchConvertible {
  /// `[count, channels, height, width]`, normalised.
  public var images: [Float]
  public let count, channels, height, width: Int
  /// `[count]`.
  public let labels: [Int64]
  /// `[count]`: which samples of the data set these are.
  public let indices: [Int]
  /// `[count, classes]` where the batch was mixed.
  public var targets: [Float]?

  public func tensors() -> Batch {
    var batch = Batch(indices: indices)
    batch["images"] = Tensor(images, shape: [count, channels, height, width])
    batch["labels"] = Tensor(labels, shape: [count])
    if let targets { batch["softTargets"] = Tensor(targets, shape: [count, targets.count / max(1, count)]) }
    return batch
  }
}

/// What a batch of labelled pictures holds.
extension Batch {
  /// `[count, channels, height, width]`, float32, normalised.
  public var images: Tensor { tensor("images") }
  /// `[count]`, int64: the class of each picture before any mixing.
  public var labels: Tensor { tensor("labels") }
  /// `[count, classes]`, float32, rows that sum to 1, where the loader mixes batches.
  public var softTargets: Tensor? { self["softTargets"] }
}
