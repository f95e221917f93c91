import SwiftletTensor

/// The values of several samples under one name, filled up with zeros to one shape.
struct FeatureStack: Hashable, Sendable {
  private let feature: FeatureDescription
  private let shape: [Int]
  private var reals: [Float] = []
  private var wholes: [Int64] = []
  private var lengths: [Int64] = []
  private var presence: [Bool] = []

  /// - Throws: `DataError` for a sample that lacks what it must have, or has values of another shape.
  init(_ feature: FeatureDescription, _ samples: [(index: Int, value: Feature?)]) throws(DataError) {
    self.feature = feature
    let stride = feature.shape.reduce(1, *)
    for (index, value) in samples {
      let isPresent = value != nil
      guard isPresent || feature.isOptional else {
        throw DataError(.request, "sample \(index) has no \(feature.name)")
      }
      presence.append(isPresent)
      guard let length = Self.length(of: value, in: feature, stride: stride) else {
        throw DataError(
          .request, "sample \(index) has \(Self.words(for: value)) as \(feature.name), expected \(feature)")
      }
      lengths.append(Int64(length))
    }
    let longest = max(1, Int(lengths.max() ?? 1))
    shape = [samples.count] + (feature.varies ? [longest] : []) + feature.shape
    let room = stride * (feature.varies ? longest : 1)
    for (_, value) in samples {
      switch value {
      case .real(let values)?: reals += values + [Float](repeating: 0, count: room - values.count)
      case .whole(let value)?: wholes.append(Int64(value))
      case nil where feature.isWhole: wholes.append(0)
      case nil: reals += [Float](repeating: 0, count: room)
      }
    }
  }

  func add(to batch: inout Batch) {
    let values = feature.isWhole ? Tensor(wholes, shape: shape) : Tensor(reals, shape: shape)
    batch.set(
      feature.name, values, lengths: feature.varies ? Tensor(lengths, shape: [lengths.count]) : nil,
      presence: feature.isOptional ? presence : nil)
  }

  /// The steps of a sample, 1 where they do not vary; nil if the values have another shape.
  private static func length(of value: Feature?, in feature: FeatureDescription, stride: Int) -> Int? {
    switch value {
    case nil: return 0
    case .whole?: return feature.isWhole ? 1 : nil
    case .real(let values)?:
      guard !feature.isWhole, values.count.isMultiple(of: stride) else { return nil }
      return feature.varies || values.count == stride ? values.count / stride : nil
    }
  }

  private static func words(for value: Feature?) -> String {
    switch value {
    case .real(let values)?: "\(values.count) numbers"
    case .whole(let value)?: "the whole number \(value)"
    case nil: "nothing"
    }
  }
}

extension FeatureDescription: CustomStringConvertible {
  /// `a whole number`, `3 numbers` or `a multiple of 5 numbers`.
  public var description: String {
    let count = shape.reduce(1, *)
    return isWhole ? "a whole number" : varies ? "a multiple of \(count) numbers" : "\(count) numbers"
  }
}
