import SwiftletTensor

/// How often each class was taken for each other: `counts[actual][predicted]`.
public struct ConfusionMatrix: Hashable, Sendable, Codable {
  public private(set) var counts: [[Int]]
  /// Samples of each class whose scores hold one that is no finite number: no class was predicted, none was right.
  public private(set) var undecided: [Int]

  /// - Precondition: `classes` is positive.
  public init(classes: Int) {
    precondition(classes > 0, "ConfusionMatrix(classes: \(classes)): there is at least one class")
    counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
    undecided = Array(repeating: 0, count: classes)
  }

  public var classes: Int { counts.count }
  /// Samples counted so far.
  public var total: Int { counts.indices.reduce(0) { $0 + samples(of: $1) } }

  private func samples(of actual: Int) -> Int { counts[actual].reduce(undecided[actual], +) }

  /// Counts one sample.
  /// - Precondition: Both indices are in `0..<classes`.
  public mutating func add(predicted: Int, actual: Int) {
    precondition(
      counts.indices.contains(predicted) && counts.indices.contains(actual),
      "ConfusionMatrix: class \(predicted) for \(actual), there are \(classes) classes")
    counts[actual][predicted] += 1
  }

  /// Counts a batch: scores `[batch, classes]` and labels `[batch]`; the highest score is the prediction.
  public mutating func add(scores: Tensor, labels: Tensor) {
    let predicted = scores.winners().scalars(as: Int64.self)
    let actual = labels.scalars(as: Int64.self)
    precondition(
      predicted.count == actual.count, "ConfusionMatrix: \(predicted.count) predictions for \(actual.count) labels")
    for (predicted, actual) in zip(predicted, actual) {
      if predicted == Tensor.noWinner {
        precondition(undecided.indices.contains(Int(actual)), "ConfusionMatrix: class \(actual) of \(classes) classes")
        undecided[Int(actual)] += 1
      } else {
        add(predicted: Int(predicted), actual: Int(actual))
      }
    }
  }

  /// Adds the counts of another part of the data.
  public mutating func merge(_ other: ConfusionMatrix) {
    precondition(classes == other.classes, "ConfusionMatrix: \(other.classes) classes cannot join \(classes)")
    for row in counts.indices {
      for column in counts.indices { counts[row][column] += other.counts[row][column] }
      undecided[row] += other.undecided[row]
    }
  }

  /// The share of right predictions in 0...1, or nil before the first sample.
  public var accuracy: Double? {
    let all = total
    return all == 0 ? nil : Double(counts.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(all)
  }

  /// The share of each class's samples that were recognised (recall), nil for a class without samples.
  public var perClassAccuracy: [Double?] {
    counts.indices.map { row in
      let samples = samples(of: row)
      return samples == 0 ? nil : Double(counts[row][row]) / Double(samples)
    }
  }

  /// The mean of the per-class accuracies over the classes that have samples, or nil before the first.
  public var balancedAccuracy: Double? {
    let known = perClassAccuracy.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}
