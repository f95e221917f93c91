import Foundation
import SwiftletVision
import Testing

@Suite struct ClassificationTallyTests {
  /// Oracle: by hand. Ranks of the labels are 1, 2, 1, 3.
  @Test(arguments: [(1, 2), (2, 3), (3, 4)])
  func `top k counts labels among the k best`(k: Int, expected: Int) {
    var tally = ClassificationTally()
    #expect(tally.accuracy(within: k) == 0 && tally.loss == 0)
    tally.add([3, 2, 1, 0, 1, 5], labels: [0, 1])
    tally.add([2, 9, 0, 7, 8, 6], labels: [1, 2])
    #expect(tally.correct(within: k) == expected && tally.count == 4)
    #expect(tally.accuracy(within: k) == Double(expected) / 4)
    #expect(tally.winners == [0, 2, 1, 1] && tally.ranks == [0, 1, 0, 2])
  }

  /// Oracle: log(1 + e⁻²) where two classes differ by 2.
  @Test func `the loss is the mean cross-entropy`() {
    var tally = ClassificationTally()
    tally.add([2, 0, 2, 0], labels: [0, 1])
    #expect(abs(tally.loss - (log(1 + exp(-2)) + 1)) < 1e-12)
  }

  @Test func `ties and not-a-number earn nothing`() {
    var tally = ClassificationTally()
    tally.add([0, 0, 0, 0, 0, 0], labels: [0, 1])
    #expect(tally.correct() == 0 && tally.firstUndecided == nil)
    tally.add([.nan, 1, 1, .nan], labels: [0, 0])
    tally.add([.infinity, 1, .infinity, .infinity], labels: [0, 0])
    #expect(tally.correct() == 0 && tally.correct(within: 2) == 0 && tally.count == 6)
    #expect(tally.firstUndecided == 2 && tally.loss.isNaN)
    // And none of them agrees with itself.
    #expect(tally.agreement(with: tally) == 2.0 / 6)
  }
}
