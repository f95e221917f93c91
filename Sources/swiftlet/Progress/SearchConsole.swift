import Foundation
import SwiftletSearch
import SwiftletTerminal

/// Shows a search on standard error: a bar with an estimate on a terminal, plain lines elsewhere.
final class SearchConsole<Score: PlanScore> {
  private let console = ConsoleBar()
  private var (lastRound, lastLine) = (-1, 0.0)

  init() {}

  /// An observer of a search that shows what happens.
  func callAsFunction(_ event: SearchEvent<Score>) {
    switch event {
    case .started(let summary): console.line(summary)
    case .evaluated(let progress): show(progress)
    case .stopped: console.clear()
    }
  }

  private func show(_ progress: SearchProgress<Score>) {
    let count = progress.total.map { "\(progress.done)/\($0)" } ?? "\(progress.done)"
    let best =
      progress.best.map { "best \($0.fitness.text)" }
      ?? "none inside the budget yet"
    let left = progress.total.map { progress.seconds / Double(progress.done) * Double(max(0, $0 - progress.done)) }
    let estimate = left.map { "  \(ConsoleBar.duration($0)) left" } ?? ""
    let round = progress.candidate.proposal.round
    if console.isOnTerminal {
      let fraction = progress.total.map { Double(progress.done) / Double($0) } ?? 0
      console.draw(fraction: fraction, "plan \(count)  round \(round)  \(best)\(estimate)")
    } else if round != lastRound || progress.seconds - lastLine > 30 || progress.done == progress.total {
      // A line a round, and one every half minute within it.
      console.line("plan \(count)  round \(round)  \(best)  \(ConsoleBar.duration(progress.seconds))\(estimate)")
      (lastRound, lastLine) = (round, progress.seconds)
    }
  }
}
