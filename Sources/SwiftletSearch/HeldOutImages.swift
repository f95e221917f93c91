import Foundation
import SwiftletCompression
import SwiftletRuntime

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

  /// How well a network that gives class scores `[batch, classes]` does.
  public func fitness(of session: Session) throws -> Fitness {
    var (correct, loss) = (0, 0.0)
    for (images, labels) in batches {
      let scores = try session.run([images])[0].floats
      let classes = scores.count / max(1, labels.count)
      for (sample, label) in labels.enumerated() {
        let row = scores[sample * classes..<(sample + 1) * classes]
        let own = Double(row[row.startIndex + label])
        let greatest = Double(row.max() ?? 0)
        loss += log(row.reduce(0.0) { $0 + exp(Double($1) - greatest) }) + greatest - own
        // A class whose score ties with others comes after them: constant scores earn nothing.
        let ahead = row.indices.contains { $0 != row.startIndex + label && !(Double(row[$0]) < own) }
        correct += ahead || own.isNaN ? 0 : 1
      }
    }
    return Fitness(images: count, correct: correct, loss: loss / Double(max(1, count)))
  }
}
