import Foundation
import SwiftletTraining

extension Evaluation: PlanScore {
  public typealias Measure = FitnessMeasure

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
