import SwiftletFiles

/// The scores of all classes for one sample, judged so that what is no finite number never wins and never agrees.
///
/// Comparisons with NaN are false, so that a maximum, a rank or an agreement written down plainly would take a network
/// whose activations overflow for a perfect one.
public struct ClassScores: Sendable {
  private let scores: [Double]
  /// False where a score is infinite or not a number: then nothing that follows from the scores means anything.
  public let areFinite: Bool

  public init(_ scores: some Sequence<Float>) {
    self.scores = scores.map(Double.init)
    areFinite = self.scores.allSatisfy(\.isFinite)
  }

  /// The class with the highest score, the first of equal ones; nil where a score is not finite.
  public var winner: Int? {
    guard areFinite else { return nil }
    return scores.indices.max { (scores[$0], -$0) < (scores[$1], -$1) }
  }

  /// How many other classes score at least as much as this one, so that constant scores earn nothing; nil where a score is
  /// not finite.
  ///
  /// - Precondition: there is such a class.
  public func rank(of label: Int) -> Int? {
    areFinite ? scores.indices.count { $0 != label && scores[$0] >= scores[label] } : nil
  }

  /// The cross-entropy of a class in nats; NaN where a score is not finite.
  ///
  /// - Precondition: there is such a class.
  public func loss(of label: Int) -> Double {
    guard areFinite, let greatest = scores.max() else { return .nan }
    return log(scores.reduce(0) { $0 + exp($1 - greatest) }) + greatest - scores[label]
  }

  /// The probability of every class; nil where a score is not finite.
  public var probabilities: [Float]? {
    guard areFinite else { return nil }
    let greatest = scores.max() ?? 0
    let exponentials = scores.map { exp($0 - greatest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { Float($0 / sum) }
  }
}

extension ClassScores {
  /// The scores of each sample of a batch, row by row.
  ///
  /// - Precondition: the rows are equally long.
  public static func rows(_ scores: [Float], samples: Int) -> [ClassScores] {
    guard samples > 0 else { return [] }
    precondition(scores.count.isMultiple(of: samples), "ClassScores: \(scores.count) scores for \(samples) samples")
    let classes = scores.count / samples
    return (0..<samples).map { ClassScores(scores[$0 * classes..<($0 + 1) * classes]) }
  }
}
