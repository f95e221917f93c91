import Foundation

/// Shows a run on standard error: a bar with an estimate on a terminal, plain lines elsewhere.
public final class ConsoleProgress {
  private let onTerminal = isatty(STDERR_FILENO) != 0
  private var shown = 0

  public init() {}

  /// A `TrainingRun` observer that shows what happens.
  public func callAsFunction(_ event: TrainingEvent) {
    switch event {
    case .started(let summary):
      line(summary)
    case .progress(let progress):
      if onTerminal { bar(progress) }
    case .logged(let metrics):
      if !onTerminal { line(Self.text(metrics)) }
    case .epochEnded(let metrics):
      line(Self.text(metrics))
    case .storedTargets(let file):
      line("the teacher's targets are in \(file.path)")
    case .checkpointed:
      break
    case .stopped:
      FileHandle.standardError.write(Data(erasure.utf8))
    }
  }

  private func line(_ text: String) {
    FileHandle.standardError.write(Data((erasure + text + "\n").utf8))
    shown = 0
  }

  /// What removes the bar, if one is shown.
  private var erasure: String { shown > 0 ? "\r" + String(repeating: " ", count: shown) + "\r" : "" }

  private func bar(_ progress: TrainingProgress) {
    let width = 24
    let filled = min(width, Int(Double(width) * progress.fraction))
    let text =
      "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "] "
      + "epoch \(progress.epoch + 1)/\(progress.epochs)  step \(progress.step)/\(progress.steps)  "
      + String(format: "loss %.4f  %.0f images/s  ", progress.loss, progress.imagesPerSecond)
      + "\(Self.duration(progress.secondsLeft)) left"
    let padding = String(repeating: " ", count: max(0, shown - text.count))
    shown = text.count
    FileHandle.standardError.write(Data(("\r" + text + padding).utf8))
  }

  private static func text(_ metrics: Metrics) -> String {
    var text = String(format: "epoch %6.2f  step %6d  loss %.4f", metrics.epoch, metrics.step, metrics.loss)
    if let accuracy = metrics.validationAccuracy { text += String(format: "  validation %.2f %%", 100 * accuracy) }
    for (name, accuracy) in (metrics.subnets ?? [:]).sorted(by: { $0.key > $1.key }) where name != "dense" {
      text += String(format: "  %@ %.2f %%", name, 100 * accuracy)
    }
    if let speed = metrics.imagesPerSecond { text += String(format: "  %.0f images/s", speed) }
    return text + "  \(duration(metrics.seconds))"
  }

  /// `1:02:03`, `2:03` or `0:03`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
  }
}

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
  public let loss, imagesPerSecond, secondsLeft: Double

  public var fraction: Double { steps == 0 ? 1 : Double(step) / Double(steps) }
}
