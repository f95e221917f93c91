import SwiftletFiles
import SwiftletPlans

/// What a search measures of a plan: its fitness, as files keep it and as people read it.
///
/// Encoded, it is what `evaluations.jsonl` holds of a plan besides the key, and a line of the trace besides levels and cost.
public protocol PlanScore: Fitness, Codable where Measure: Codable {
  /// What a trace says besides for those who draw it, such as the accuracy that follows from two counts.
  var figures: [String: Double] { get }
  /// In few words: `93.20 %, loss 0.2812`.
  var text: String { get }
}

/// Judges plans, each as it would be deployed, on data that no test will use: images, or text.
///
/// A search over another kind of network is an evaluator and its score; ``PlanSearch`` does the rest.
public protocol PlanEvaluator<Score>: AnyObject {
  associatedtype Score: PlanScore

  /// Everything but the plan that scores depend on: weights, data, settings. Scores are kept under it and the plan.
  var identity: Fingerprint { get }
  /// What plans are judged on, in words: `5000 held-out images, 4 threads`.
  var summary: String { get }

  func score(of plan: CompressionPlan) throws -> Score
}
