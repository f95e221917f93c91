import SwiftletSearch
import SwiftletTerminal
import SwiftletWorkflows

/// Shows on standard error how far each stage of a longer work is: a bar on a terminal, a line a stage elsewhere.
final class StageProgress {
  private let console = ConsoleBar()
  private var stage = ""
  private var start = ContinuousClock.now

  /// - Parameter stage: in words, such as `statistics of layer`.
  func show(_ stage: String, _ done: Int, of all: Int) {
    if stage != self.stage { (self.stage, start) = (stage, .now) }
    let seconds = (ContinuousClock.now - start).milliseconds / 1000
    if console.isOnTerminal {
      let left = ConsoleBar.duration(seconds / Double(max(1, done)) * Double(all - done))
      console.draw(fraction: Double(done) / Double(max(1, all)), "\(stage) \(done)/\(all)  \(left) left")
    } else if done == all {
      console.line("\(stage) \(done)/\(all)  \(ConsoleBar.duration(seconds))")
    }
  }

  func show(_ stage: KeyValuePlanner.Stage) {
    switch stage {
    case .calibrated(let batches, let all): show("calibration batch", batches, of: all)
    case .differentiated(let window, let all): show("gradients of window", window, of: all)
    case .rated(let projection, let all): show("exchange rate of projection", projection, of: all)
    }
  }

  func show(_ stage: KeyValueSearch.Stage) {
    switch stage {
    case .calibrated(let batches, let all): show("calibration batch", batches, of: all)
    case .compared(let slot, let all): show("errors of projection", slot, of: all)
    }
  }

  /// Removes the bar; a stage of the same name begins anew.
  func end() {
    stage = ""
    console.clear()
  }
}
