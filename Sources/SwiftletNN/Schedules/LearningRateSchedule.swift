import Foundation

/// The learning rate at every step: a linear warm-up, then a curve.
///
/// Equal to PyTorch's `LinearLR` (from `peak / warmupSteps`) followed by `ConstantLR`, `CosineAnnealingLR` or `StepLR`.
public struct LearningRateSchedule: Hashable, Sendable {
  /// What follows the warm-up.
  public enum Curve: Hashable, Sendable {
    case constant
    /// Half a cosine from the peak to `final * peak`. Source: Loshchilov and Hutter, "SGDR" (2017), equation 5.
    case cosine(final: Double)
    /// Times `factor` after every `steps` steps.
    case step(every: Int, factor: Double)
  }

  public let peak: Double
  public let warmupSteps, totalSteps: Int
  public let curve: Curve

  /// - Precondition: `0 <= warmupSteps <= totalSteps`.
  public init(peak: Double, warmupSteps: Int = 0, totalSteps: Int, curve: Curve) {
    precondition(
      0 <= warmupSteps && warmupSteps <= totalSteps,
      "LearningRateSchedule: \(warmupSteps) warm-up steps do not fit in \(totalSteps) steps")
    (self.peak, self.warmupSteps, self.totalSteps, self.curve) = (peak, warmupSteps, totalSteps, curve)
  }

  /// The rate of step `step`, counted from 0.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
    let elapsed = step - warmupSteps
    switch curve {
    case .constant:
      return peak
    case .cosine(let final):
      let progress = min(1, Double(elapsed) / Double(max(1, totalSteps - warmupSteps)))
      return peak * (final + (1 - final) * 0.5 * (1 + cos(.pi * progress)))
    case .step(let every, let factor):
      return peak * pow(factor, Double(elapsed / every))
    }
  }
}
