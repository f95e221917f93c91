import Foundation

/// What a run tells its observer.
public enum TrainingEvent: Sendable {
  /// One sentence about the model, the data and the machine.
  case started(String)
  /// After every step.
  case progress(TrainingProgress)
  /// A line of metrics inside an epoch.
  case logged(Metrics)
  /// The line of metrics at the end of an epoch, with validation.
  case epochEnded(Metrics)
  case checkpointed(URL)
  /// The teacher's targets for an epoch have been made.
  case storedTargets(URL)
  /// Nothing follows, whether the run is complete, interrupted or failed.
  case stopped
}

/// Where a run stands.
public struct TrainingProgress: Hashable, Sendable {
  public let step, steps, epoch, epochs: Int
  public let loss: Double
  /// What samples are called, such as `images`.
  public let samples: String
  public let samplesPerSecond, secondsLeft: Double

  public var fraction: Double { steps == 0 ? 1 : Double(step) / Double(steps) }
}
