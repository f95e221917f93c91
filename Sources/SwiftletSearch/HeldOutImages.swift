import Foundation
import SwiftletPlans
import SwiftletRuntime
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
  public func fitness(of session: Session) throws -> ImageFitness {
    var (correct, loss) = (0, 0.0)
    for (images, labels) in batches {
      let scores = ClassScores.rows(try session.run([images])[0].floats, samples: labels.count)
      for (scores, label) in zip(scores, labels) {
        loss += scores.loss(of: label)
        correct += scores.rank(of: label) == 0 ? 1 : 0
      }
    }
    return ImageFitness(images: count, correct: correct, loss: loss / Double(max(1, count)))
  }
}
