import SwiftletVision
import Testing

@Suite struct ClassScoresTests {
  /// Oracle: by hand; the cross-entropy is `log(1 + e⁻¹ + e⁻³)` where the class is the best.
  @Test func `finite scores have a winner, ranks, losses and probabilities`() throws {
    let scores = ClassScores([1, 4, 3])
    #expect(scores.winner == 1)
    #expect((0..<3).map { scores.rank(of: $0) } == [2, 0, 1])
    #expect(abs(scores.loss(of: 1) - 0.34901) < 1e-5 && abs(scores.loss(of: 0) - 3.34901) < 1e-5)
    #expect(abs(try #require(scores.probabilities)[1] - 0.70538) < 1e-5)
  }

  @Test func `the first of equal scores wins, and equal scores rank behind each other`() {
    let scores = ClassScores([2, 5, 5])
    #expect(scores.winner == 1)
    #expect(scores.rank(of: 1) == 1 && scores.rank(of: 2) == 1)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [0, 1, 2])
  func `one number that is none spoils the sample, wherever it stands`(broken: Float, place: Int) {
    var numbers: [Float] = [1, 4, 3]
    numbers[place] = broken
    let scores = ClassScores(numbers)
    #expect(!scores.areFinite && scores.winner == nil && scores.probabilities == nil)
    for label in 0..<3 { #expect(scores.rank(of: label) == nil && scores.loss(of: label).isNaN) }
  }

  @Test func `rows are cut sample by sample`() {
    #expect(ClassScores.rows([1, 2, 9, 0, .nan, 0], samples: 3).map(\.winner) == [1, 0, nil])
    #expect(ClassScores.rows([], samples: 0).isEmpty)
  }
}
