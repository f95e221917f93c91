import Foundation
import SwiftletPlans
import SwiftletRuntime
import SwiftletTraining
import SwiftletVision

/// Held-out images in memory, decoded and normalised once, in batches as a network takes them, with their classes.
public struct HeldOutImages: Sendable {
  let batches: [(images: NDArray, labels: [Int])]

  /// - Precondition: each batch has a label for each image.
  public init(_ batches: [(images: NDArray, labels: [Int])]) {
    precondition(
      batches.allSatisfy { $0.images.shape.first == $0.labels.count }, "HeldOutImages: images without labels")
    self.batches = batches
  }

  public var count: Int { batches.reduce(0) { $0 + $1.labels.count } }

  /// How well a network that gives class scores `[batch, classes]` does; the loss is NaN where a score is no finite number.
  public func fitness(of session: Session) throws -> Evaluation {
    var tally = ClassificationTally()
    for (images, labels) in batches { tally.add(try session.run([images])[0].floats, labels: labels) }
    return Evaluation(tally)
  }
}
