/// How good a plan is, as an evaluation found it: accuracy and loss on images, perplexity on a text.
///
/// Searches know nothing of it but its merit.
public protocol Fitness: Hashable, Sendable {
  /// What of it may rank candidates; where candidates are equal in one, the next decides.
  associatedtype Measure: Hashable, Sendable, CaseIterable

  /// Larger is better; minus infinity for a plan that is worth nothing.
  func merit(by measure: Measure) -> Double
}
