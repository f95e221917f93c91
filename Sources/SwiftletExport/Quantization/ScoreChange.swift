import SwiftletRuntime
import SwiftletVision

/// How far one network's scores are from another's on the same samples; the scores are all that it gives.
public struct ScoreChange: Hashable, Sendable {
  public private(set) var samples = 0
  /// Samples whose class with the highest score, by the first output, is another one; a score that is no finite number
  /// changes it too.
  public private(set) var changedWinners = 0
  private var outputs: [Distance] = []

  /// Of one output.
  fileprivate struct Distance: Hashable {
    var squares = 0.0
    var spread = 0.0

    var relativeSquares: Double {
      squares == 0 ? 0 : squares.isFinite && spread > 0 ? squares / spread : .infinity
    }
  }

  /// The most that int8 may move the scores without a word: a tenth of their spread. On a pretrained ViT-S the
  /// rule that keeps the classes moves them by 0.08, the one that loses them by 0.14 (docs/results/int8-ranges.md).
  public static let bound = 0.1

  public init() {}

  /// The root mean square of the differences over that of the expected scores about their sample's mean; infinite where a
  /// score is no finite number. Of several outputs, whose units differ, the root mean square of each one's movement.
  public var movement: Double {
    guard !outputs.isEmpty else { return 0 }
    return (outputs.reduce(0) { $0 + $1.relativeSquares } / Double(outputs.count)).squareRoot()
  }

  /// The share of samples whose class with the highest score changes.
  public var changedShare: Double { Double(changedWinners) / Double(max(1, samples)) }

  public var isOverBound: Bool { !(movement <= Self.bound) }

  /// Counts a batch of a network of one output.
  ///
  /// - Precondition: both sides have a row of scores for each sample.
  public mutating func add(_ found: [Float], expected: [Float], samples count: Int) {
    add([found], expected: [expected], samples: count)
  }

  /// Counts a batch.
  ///
  /// - Precondition: both sides have the same outputs, each with a row of scores for each sample.
  public mutating func add(_ found: [[Float]], expected: [[Float]], samples count: Int) {
    precondition(
      found.map(\.count) == expected.map(\.count),
      "ScoreChange: \(found.map(\.count)) scores beside \(expected.map(\.count))")
    if let found = found.first, let expected = expected.first {
      for (new, old) in zip(ClassScores.rows(found, samples: count), ClassScores.rows(expected, samples: count)) {
        changedWinners += old.winner != nil && new.winner == old.winner ? 0 : 1
      }
    }
    while outputs.count < found.count { outputs.append(Distance()) }
    for (index, (found, expected)) in zip(found, expected).enumerated() {
      outputs[index].add(found, expected: expected, samples: count)
    }
    samples += count
  }
}

extension ScoreChange.Distance {
  fileprivate mutating func add(_ found: [Float], expected: [Float], samples count: Int) {
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
  }
}
