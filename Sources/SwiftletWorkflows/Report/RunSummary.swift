import Foundation
import SwiftletReport
import SwiftletTerminal
import SwiftletTraining

/// The metrics of one run under its name.
public struct RunSummary: Hashable, Sendable {
  /// The folder's.
  public let name: String
  /// Every line, in order.
  public let metrics: [Metrics]
  /// The last line with a validation, or the last of all.
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
  /// A row a run.
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

  /// A line a run.
  public var lossChart: LineChart {
    LineChart(title: "Training loss", x: "epoch", y: "cross-entropy", series: map(\.losses))
  }

  /// A line a run.
  public var accuracyChart: LineChart {
    LineChart(title: "Accuracy on the search split", x: "epoch", y: "%", series: map(\.accuracies))
  }
}
