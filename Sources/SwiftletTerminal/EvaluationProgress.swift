/// Shows on standard error how far an evaluation is: a bar with an estimate on a terminal, a line each tenth elsewhere.
package final class EvaluationProgress {
  private let console: ConsoleBar
  private let total: Int
  private let unit: String
  private let start = ContinuousClock.now
  private var tenths = 0

  /// - Parameter unit: what is counted, one of them.
  package init(of total: Int, unit: String = "image", on console: ConsoleBar = ConsoleBar()) {
    (self.total, self.unit, self.console) = (total, unit, console)
  }

  /// After `done` of all.
  package func show(_ done: Int) {
    guard total > 0 else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let count = "\(unit) \(done)/\(total)"
    if console.isOnTerminal {
      let left = ConsoleBar.duration(seconds / Double(max(1, done)) * Double(total - done))
      console.draw(fraction: Double(done) / Double(total), "\(count)  \(left) left")
    } else if 10 * done / total > tenths {
      tenths = 10 * done / total
      console.line("\(count)  \(ConsoleBar.duration(seconds))")
    }
  }

  /// Removes the bar.
  package func end() { console.clear() }
}
