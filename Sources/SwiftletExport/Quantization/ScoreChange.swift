import SwiftletRuntime
import SwiftletVision

/// How far one network's scores are from another's on the same samples.
public struct ScoreChange: Hashable, Sendable {
  public private(set) var samples = 0
  /// Samples whose class with the highest score is another one; a score that is no finite number changes it too.
  public private(set) var changedWinners = 0
  private var squares = 0.0
  private var spread = 0.0

  /// The most that int8 may move the scores without a word: a tenth of their spread. On a pretrained ViT-S the
  /// rule that keeps the classes moves them by 0.08, the one that loses them by 0.14 (docs/results/int8-ranges.md).
  public static let bound = 0.1

  public init() {}

  /// The root mean square of the differences over that of the expected scores about their sample's mean; infinite where a
  /// score is no finite number.
  public var movement: Double {
    squares == 0 ? 0 : squares.isFinite && spread > 0 ? (squares / spread).squareRoot() : .infinity
  }

  /// The share of samples whose class with the highest score changes.
  public var changedShare: Double { Double(changedWinners) / Double(max(1, samples)) }

  public var isOverBound: Bool { !(movement <= Self.bound) }

  /// Counts a batch.
  ///
  /// - Precondition: both sides have a row of scores for each sample.
  public mutating func add(_ found: [Float], expected: [Float], samples count: Int) {
    precondition(found.count == expected.count, "ScoreChange: \(found.count) scores beside \(expected.count)")
    for (new, old) in zip(ClassScores.rows(found, samples: count), ClassScores.rows(expected, samples: count)) {
      changedWinners += old.winner != nil && new.winner == old.winner ? 0 : 1
    }
    let classes = expected.count / max(1, count)
    for start in stride(from: 0, to: expected.count, by: max(1, classes)) {
      let row = start..<start + classes
      let mean = classes > 1 ? row.reduce(0.0) { $0 + Double(expected[$1]) } / Double(classes) : 0
      for place in row {
        let (difference, deviation) = (Double(found[place]) - Double(expected[place]), Double(expected[place]) - mean)
        squares += difference.isFinite ? difference * difference : .infinity
        spread += deviation * deviation
      }
    }
    samples += count
  }
}
