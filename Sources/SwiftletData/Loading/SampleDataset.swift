import SwiftletFiles

/// Samples of named features, addressed by index, such as a sound, a film and a class. Reading is safe from several
/// threads at once.
public protocol SampleDataset: Sendable {
  /// What a sample may have.
  var features: [FeatureDescription] { get }
  var count: Int { get }
  /// A sample's features by name; what is optional may be missing. What is random draws from `random`.
  func sample(_ index: Int, using random: inout RandomStream) throws -> [String: Feature]
}

/// What samples have under one name.
public struct FeatureDescription: Hashable, Sendable {
  public let name: String
  /// The extents of a sample's values, without the first one where that varies.
  public let shape: [Int]
  /// Whether the first axis has another length in each sample. A batch is as long as its longest sample.
  public let varies: Bool
  /// Whether a sample may lack it.
  public let isOptional: Bool
  /// Whether the values are whole numbers, such as classes.
  public let isWhole: Bool

  private init(_ name: String, _ shape: [Int], varies: Bool, isOptional: Bool, isWhole: Bool) {
    (self.name, self.shape, self.varies) = (name, shape, varies)
    (self.isOptional, self.isWhole) = (isOptional, isWhole)
  }

  /// Values of one shape: `[batch, …shape]` in a batch.
  public static func array(_ name: String, _ shape: [Int], isOptional: Bool = false) -> FeatureDescription {
    FeatureDescription(name, shape, varies: false, isOptional: isOptional, isWhole: false)
  }

  /// So many steps of values of one shape: `[batch, longest, …shape]` in a batch, zeros behind each end.
  public static func sequence(_ name: String, of shape: [Int], isOptional: Bool = false) -> FeatureDescription {
    FeatureDescription(name, shape, varies: true, isOptional: isOptional, isWhole: false)
  }

  /// A whole number, such as a class: `[batch]` in a batch.
  public static func whole(_ name: String, isOptional: Bool = false) -> FeatureDescription {
    FeatureDescription(name, [], varies: false, isOptional: isOptional, isWhole: true)
  }
}

/// The values of one sample under one name, in row-major order.
public enum Feature: Hashable, Sendable {
  case real([Float])
  case whole(Int)
}

/// Batches of samples, feature by feature side by side.
public struct StackedSamples<Dataset: SampleDataset>: BatchSource {
  public let dataset: Dataset

  public init(_ dataset: Dataset) { self.dataset = dataset }

  public var count: Int { dataset.count }

  public func batchMaker(
    threads: Int
  ) -> @Sendable (_ members: [Int], _ random: BatchRandom) throws -> HostFeatureBatch {
    { members, random in
      let samples = try members.map { member in
        var random = random.sample(member)
        return try dataset.sample(member, using: &random)
      }
      return HostFeatureBatch(
        indices: members,
        stacks: try dataset.features.map { feature in
          try FeatureStack(feature, zip(members, samples).map { (index: $0, value: $1[feature.name]) })
        })
    }
  }
}

/// Samples side by side as plain numbers.
public struct HostFeatureBatch: Hashable, HostBatchConvertible {
  /// Which samples of the data set these are.
  public let indices: [Int]
  let stacks: [FeatureStack]

  public func tensors() -> Batch {
    var batch = Batch(indices: indices)
    for stack in stacks { stack.add(to: &batch) }
    return batch
  }
}
