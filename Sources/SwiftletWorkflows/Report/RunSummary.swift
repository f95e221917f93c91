import Foundation
import SwiftletReport
import SwiftletTerminal
import SwiftletTraining

/// The metrics of one run under its name.
public struct RunSummary {
  public let name: String
  public let metrics: [Metrics]
  public let last: Metrics

  /// - Throws: `RunError` if the directory holds no metrics.
  public init(of directory: RunDirectory) throws {
    metrics = try directory.readMetrics()
    guard let last = metrics.last(where: { $0.validationAccuracy != nil }) ?? metrics.last else {
      throw RunError.damaged(directory.metrics, problem: "it holds no metrics: no step of this run was logged")
    }
    (self.last, name) = (last, directory.url.lastPathComponent)
  }

  /// The training loss over the epochs.
  public var losses: LineChart.Series {
    LineChart.Series(
      name, points: metrics.filter { $0.validationAccuracy == nil }.map { .init(x: $0.epoch, y: $0.loss) })
  }

  /// The accuracy on the search split over the epochs, in percent.
  public var accuracies: LineChart.Series {
    LineChart.Series(
      name, points: metrics.compactMap { line in line.validationAccuracy.map { .init(x: line.epoch, y: 100 * $0) } })
  }
}

extension [RunSummary] {
  public var table: Table {
    var table = Table(columns: [
      .text("run"), .number("epochs"), .number("steps"), .number("loss"), .number("accuracy (search split)"),
      .number("minutes"),
    ])
    for run in self {
      table.append([
        run.name, String(format: "%.1f", run.last.epoch), "\(run.last.step)", String(format: "%.4f", run.last.loss),
        run.last.validationAccuracy.map { String(format: "%.2f %%", 100 * $0) } ?? "–",
        String(format: "%.1f", run.last.seconds / 60),
      ])
    }
    return table
  }

  public var lossChart: LineChart {
    LineChart(title: "Training loss", x: "epoch", y: "cross-entropy", series: map(\.losses))
  }

  public var accuracyChart: LineChart {
    LineChart(title: "Accuracy on the search split", x: "epoch", y: "%", series: map(\.accuracies))
  }
}

extension Report {
  public init(of runs: [RunSummary], _ traces: [String]) {
    let parts = [(runs.count, "run"), (traces.count, "search")].filter { $0.0 > 0 }
    let title = parts.map { count, name in "\(count) \(name)" + (count == 1 ? "" : name == "run" ? "s" : "es") }
    self.init(title: runs.count == 1 && traces.isEmpty ? "Run \(runs[0].name)" : title.joined(separator: ", "))
    guard !runs.isEmpty else { return }
    append(.table(runs.table))
    append(.lines(runs.lossChart))
    append(.lines(runs.accuracyChart))
  }
}
