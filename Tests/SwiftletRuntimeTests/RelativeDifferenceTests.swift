import SwiftletRuntime
import Testing

@Suite struct RelativeDifferenceTests {
  /// Oracle: by hand. A maximum of comparisons takes NaN for no difference at all.
  @Test func `a relative difference is infinite where a number is none on either side`() {
    #expect([Float](arrayLiteral: 1, -4).relativeDifference(from: [2, -4]) == 0.25)
    #expect([Float](arrayLiteral: 0, 0).relativeDifference(from: [0, 0]) == 0)
    #expect([Float](arrayLiteral: 1).relativeDifference(from: [1, 1]) == .infinity)
    for broken in [Float.nan, .infinity] {
      #expect([broken, 1].relativeDifference(from: [1, 1]) == .infinity)
      #expect([Float](arrayLiteral: 1, 1).relativeDifference(from: [1, broken]) == .infinity)
      #expect([broken, 1].relativeDifference(from: [broken, 1]) == .infinity)
    }
  }
}
