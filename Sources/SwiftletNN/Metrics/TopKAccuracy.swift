import SwiftletTensor

/// The share of samples whose label is among the `k` highest scores.
///
/// A label whose score ties with others comes after them: constant scores earn nothing by luck of order. A sample with a
/// score that is no finite number is counted as wrong.
public struct TopKAccuracy: Hashable, Sendable, Codable {
  public let k: Int
  public private(set) var correct = 0
  public private(set) var total = 0

  /// - Precondition: `k` is positive.
  public init(k: Int = 1) {
    precondition(k > 0, "TopKAccuracy(k: \(k)): k is 1 or more")
    self.k = k
  }

  /// Counts a batch: scores `[batch, classes]` and labels `[batch]`.
  ///
  /// - Precondition: Labels are in `0..<classes`.
  public mutating func add(scores: Tensor, labels: Tensor) {
    let classes = scores.shape[1]
    let values = scores.cast(to: .float32).scalars(as: Float.self)
    let labels = labels.scalars(as: Int64.self)
    precondition(values.count == labels.count * classes, "TopKAccuracy: \(scores.shape) scores, \(labels.count) labels")
    for (sample, label) in labels.enumerated() {
      precondition((0..<Int64(classes)).contains(label), "TopKAccuracy: label \(label) of \(classes) classes")
      let row = values[sample * classes..<(sample + 1) * classes]
      let own = row[row.startIndex + Int(label)]
      let ahead = row.count { $0 >= own } - 1  // itself aside
      if ahead < k, row.allSatisfy(\.isFinite) { correct += 1 }
    }
    total += labels.count
  }

  /// In 0...1, or nil before the first sample.
  public var value: Double? { total == 0 ? nil : Double(correct) / Double(total) }
}
