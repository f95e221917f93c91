import Foundation
import SwiftletVision

/// Two classifiers on the same images, image by image: what a difference of accuracies alone cannot tell.
public struct PairedComparison: Encodable, Hashable, Sendable {
  public let images: Int
  /// Images on which both give the same class, as a share.
  public let agreement: Double
  /// Images that one side alone gets right.
  public let onlyFirstRight, onlySecondRight: Int
  /// How likely so uneven a split of those images is where both sides are equally good: McNemar's test, exact and
  /// two-sided. Source: McNemar, "Note on the sampling error of the difference between correlated proportions" (1947).
  public let mcNemarProbability: Double
  /// The mean of the first side's loss less the second's, in nats, and the standard error of that mean.
  public let lossDifference, lossDifferenceError: Double

  /// - Precondition: both have counted the same images in the same order.
  public init(_ first: ClassificationTally, _ second: ClassificationTally) {
    precondition(first.count == second.count, "the two tallies are of different images")
    images = first.count
    agreement = first.agreement(with: second)
    onlyFirstRight = zip(first.ranks, second.ranks).count { $0 == 0 && $1 != 0 }
    onlySecondRight = zip(first.ranks, second.ranks).count { $0 != 0 && $1 == 0 }
    mcNemarProbability = Self.signTest(onlyFirstRight, onlySecondRight)
    let differences = zip(first.losses, second.losses).map { $0 - $1 }
    let count = Double(max(differences.count, 1))
    let mean = differences.reduce(0, +) / count
    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    (lossDifference, lossDifferenceError) = (mean, (variance / count).squareRoot())
  }

  /// The chance that a fair coin falls at least as unevenly as `heads` against `tails`.
  static func signTest(_ heads: Int, _ tails: Int) -> Double {
    let tosses = heads + tails
    guard tosses > 0 else { return 1 }
    // Logarithms, as 2 to the power of thousands of tosses is no Double.
    let all = lgamma(Double(tosses + 1)) - Double(tosses) * log(2)
    var tail = 0.0
    for k in 0...min(heads, tails) {
      let ways: Double = lgamma(Double(k + 1)) + lgamma(Double(tosses - k + 1))
      tail += exp(all - ways)
    }
    return min(1, 2 * tail)
  }
}

extension PairedComparison: CustomStringConvertible {
  public var description: String {
    String(
      format: "both give the same class for %.2f %% of the images; %d are right in the first alone, %d in the second "
        + "alone (McNemar p = %.3g); loss %+.4f ± %.4f", 100 * agreement, onlyFirstRight, onlySecondRight,
      mcNemarProbability, lossDifference, lossDifferenceError)
  }
}
