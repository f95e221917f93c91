/// Pictures and labels as plain numbers, before they become tensors.
public struct HostBatch: Hashable, Sendable {
  /// `[count, channels, height, width]`, normalised.
  public var images: [Float]
  public let count, channels, height, width: Int
  /// `[count]`.
  public let labels: [Int64]
  /// `[count]`: which samples of the data set these are.
  public let indices: [Int]
  /// `[count, classes]` where the batch was mixed.
  public var targets: [Float]?
}
