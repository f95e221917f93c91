import Foundation
import SwiftletRuntime
import SwiftletTerminal

/// Shows on standard error how far an evaluation is: a bar with an estimate on a terminal, a line each tenth elsewhere.
final class EvaluationProgress {
  private let console: ConsoleBar
  private let total: Int
  private let start = ContinuousClock.now
  private var tenths = 0

  init(of total: Int, on console: ConsoleBar = ConsoleBar()) { (self.total, self.console) = (total, console) }

  /// After `done` images of all.
  func show(_ done: Int) {
    guard total > 0 else { return }
    let seconds = (ContinuousClock.now - start).milliseconds / 1000
    let count = "image \(done)/\(total)"
    if console.isOnTerminal {
      let left = ConsoleBar.duration(seconds / Double(max(1, done)) * Double(total - done))
      console.draw(fraction: Double(done) / Double(total), "\(count)  \(left) left")
    } else if 10 * done / total > tenths {
      tenths = 10 * done / total
      console.line("\(count)  \(ConsoleBar.duration(seconds))")
    }
  }

  /// Removes the bar.
  func end() { console.clear() }
}
