import Testing

@testable import SwiftletNN

@Suite struct ScheduleTests {
  /// Golden: PyTorch's LinearLR followed by ConstantLR, CosineAnnealingLR and StepLR.
  @Test func `every schedule equals PyTorch's at every step`() throws {
    for golden in try OptimizerGoldens.load().schedules {
      let curve: LearningRateSchedule.Curve =
        switch golden.name {
        case "cosine": .cosine(final: 0.01)
        case "step": .step(every: 4, factor: 0.5)
        default: .constant
        }
      let schedule = LearningRateSchedule(
        peak: golden.peak, warmupSteps: golden.warmup, totalSteps: golden.total, curve: curve)
      for (step, expected) in golden.rates.enumerated() {
        #expect(abs(schedule.rate(at: step) - expected) < 1e-12 * golden.peak, "\(golden.name), step \(step)")
      }
    }
  }

  @Test func `a warm-up may take the whole run`() {
    let schedule = LearningRateSchedule(peak: 1, warmupSteps: 4, totalSteps: 4, curve: .cosine(final: 0))
    #expect((0..<4).map(schedule.rate(at:)) == [0.25, 0.5, 0.75, 1])
  }
}
