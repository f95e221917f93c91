import Foundation
import SwiftletVision
import Testing

@testable import SwiftletWorkflows

@Suite struct PairedComparisonTests {
  /// Oracle by hand: binomial tails, 2 (1 + 10) / 2^10 for one against nine.
  @Test(arguments: [(0, 0, 1.0), (1, 9, 22.0 / 1024), (9, 1, 22.0 / 1024), (5, 5, 1.0), (0, 6, 2.0 / 64), (0, 1, 1.0)])
  func `the sign test sums both tails`(heads: Int, tails: Int, expected: Double) {
    #expect(abs(PairedComparison.signTest(heads, tails) - expected) < 1e-12)
  }

  /// Oracle: the normal approximation, which is good to three digits for so many tosses.
  @Test func `the sign test survives thousands of images`() {
    let z = (3100.0 - 2900 - 1) / Double(6000).squareRoot()
    #expect(abs(PairedComparison.signTest(2900, 3100) - erfc(z / 2.squareRoot())) < 1e-3)
  }

  @Test func `images that one side alone gets right are counted on its side`() {
    let labels = [0, 1, 1, 0]
    var (first, second) = (ClassificationTally(), ClassificationTally())
    first.add([2, 0, 0, 2, 0, 2, 0, 2], labels: labels)  // right, right, right, wrong
    second.add([2, 0, 2, 0, 2, 0, 2, 0], labels: labels)  // right, wrong, wrong, right
    let comparison = PairedComparison(first, second)
    #expect(comparison.onlyFirstRight == 2)
    #expect(comparison.onlySecondRight == 1)
    #expect(comparison.agreement == 0.25)
    // Losses are log(1 + e^-2) where right and 2 more where wrong: -2, -2 and +2 in four images.
    #expect(abs(comparison.lossDifference - -0.5) < 1e-12)
    #expect(abs(comparison.lossDifferenceError - (11.0 / 3 / 4).squareRoot()) < 1e-12)
  }

  /// Plain comparisons let both sides answer the first class everywhere: 100 % agreement.
  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `scores that are no finite numbers are an error that names the image`(broken: Float) throws {
    var score = ClassifierScore(name: "overflown.swiftlet")
    try score.add([2, 0, 0, 2], labels: [0, 1])
    let error = #expect(throws: EvalError.self) { try score.add([2, 0, 1, broken], labels: [0, 1]) }
    #expect(
      error?.description.contains("overflown.swiftlet gives scores that are infinite or not numbers for image 3")
        == true)
  }
}
