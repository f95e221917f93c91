import Foundation
import SwiftletPlans
import SwiftletTraining

/// How well a plan does on held-out images, never on test images.
public struct ImageFitness: PlanScore {
  public typealias Measure = FitnessMeasure

  public let images, correct: Int
  /// The mean cross-entropy in nats.
  public let loss: Double

  public init(images: Int, correct: Int, loss: Double) {
    (self.images, self.correct, self.loss) = (images, correct, loss)
  }

  /// The share of right answers, 0...1.
  public var accuracy: Double { images == 0 ? 0 : Double(correct) / Double(images) }

  /// A network whose scores are not all numbers is worth nothing, whatever it gets right.
  public func merit(by measure: FitnessMeasure) -> Double {
    if loss.isNaN { return -.infinity }
    return switch measure {
    case .loss: -loss
    case .accuracy: accuracy
    }
  }

  public var figures: [String: Double] { ["accuracy": accuracy] }
  public var text: String { String(format: "%.2f %%, loss %.4f", 100 * accuracy, loss) }
}
