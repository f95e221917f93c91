/// What came of labelled samples, counted batch by batch: the one tally of searches, evaluations and comparisons.
///
/// A sample with a score that is no finite number is wrong, whatever its other scores.
public struct ClassificationTally: Hashable, Sendable {
  /// Of each sample, how many other classes score at least as much as its own, so that constant scores earn nothing; nil
  /// where a score is no finite number.
  public private(set) var ranks: [Int?] = []
  /// Of each sample the class with the highest score; nil likewise.
  public private(set) var winners: [Int?] = []
  /// The cross-entropy of each sample in nats; NaN likewise.
  public private(set) var losses: [Double] = []

  public init() {}

  /// Counts a batch: scores `[samples, classes]`, row by row.
  ///
  /// - Precondition: `scores` holds one row for each label, and labels are below the row's length.
  public mutating func add(_ scores: [Float], labels: [Int]) {
    for (scores, label) in zip(ClassScores.rows(scores, samples: labels.count), labels) {
      ranks.append(scores.rank(of: label))
      winners.append(scores.winner)
      losses.append(scores.loss(of: label))
    }
  }

  public var count: Int { ranks.count }

  /// Samples whose class is among the `k` with the highest scores.
  public func correct(within k: Int = 1) -> Int { ranks.count { $0.map { $0 < k } ?? false } }

  /// Their share, 0...1; 0 before the first sample.
  public func accuracy(within k: Int = 1) -> Double { Double(correct(within: k)) / Double(max(count, 1)) }

  /// The mean cross-entropy in nats; 0 before the first sample.
  public var loss: Double { losses.reduce(0, +) / Double(max(count, 1)) }

  /// The first sample with a score that is no finite number.
  public var firstUndecided: Int? { ranks.firstIndex(of: nil) }

  /// The share of samples for which both give the same class.
  public func agreement(with other: ClassificationTally) -> Double {
    Double(zip(winners, other.winners).count { $0 != nil && $0 == $1 }) / Double(max(count, 1))
  }
}
