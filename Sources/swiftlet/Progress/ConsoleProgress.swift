import Foundation
import SwiftletTerminal
import SwiftletTraining

/// Shows a run on standard error: a bar with an estimate on a terminal, plain lines elsewhere.
final class ConsoleProgress {
  private let console = ConsoleBar()

  init() {}

  /// A `TrainingRun` observer that shows what happens.
  func callAsFunction(_ event: TrainingEvent) {
    switch event {
    case .started(let summary):
      console.line(summary)
    case .progress(let progress):
      draw(progress)
    case .logged(let metrics):
      if !console.isOnTerminal { console.line(Self.text(metrics)) }
    case .epochEnded(let metrics):
      console.line(Self.text(metrics))
    case .storedTargets(let file):
      console.line("the teacher's targets are in \(file.path)")
    case .checkpointed:
      break
    case .stopped:
      console.clear()
    }
  }

  private func draw(_ progress: TrainingProgress) {
    console.draw(
      fraction: progress.fraction,
      "epoch \(progress.epoch + 1)/\(progress.epochs)  step \(progress.step)/\(progress.steps)  "
        + String(format: "loss %.4f  %.0f %@/s  ", progress.loss, progress.samplesPerSecond, progress.samples)
        + "\(ConsoleBar.duration(progress.secondsLeft)) left")
  }

  private static func text(_ metrics: Metrics) -> String {
    var text = String(format: "epoch %6.2f  step %6d  loss %.4f", metrics.epoch, metrics.step, metrics.loss)
    if let accuracy = metrics.validationAccuracy {
      text += String(format: "  validation %.2f %%", 100 * accuracy)
    } else {
      for (name, value) in metrics.validation.sorted(by: { $0.key < $1.key }) {
        text += String(format: "  %@ %.4f", name, value)
      }
    }
    for (name, accuracy) in (metrics.subnets ?? [:]).sorted(by: { $0.key > $1.key }) where name != "dense" {
      text += String(format: "  %@ %.2f %%", name, 100 * accuracy)
    }
    if let speed = metrics.samplesPerSecond { text += String(format: "  %.0f %@/s", speed, metrics.samples) }
    return text + "  \(ConsoleBar.duration(metrics.seconds))"
  }
}
