import ArgumentParser
import Foundation
import SwiftletReport
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining

/// `swiftlet report RUN… TRACE…`: what training runs and searches did, as one HTML page.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write training runs and searches to one HTML page.",
    discussion: """
      Of runs a table, losses and accuracies; of a search every candidate over its cost, the plan as a map of its layers, \
      what each layer alone costs, and the progress.
      """)

  @Argument(help: "Run directories, as `swiftlet train` makes them, and traces, as `swiftlet search` does.")
  var runs: [String]
  @Option(help: "The page to write.")
  var out = "report.html"
  @Flag(help: "Print a JSON object for each run as well.")
  var json = false

  func run() throws {
    try prepareOutputs([.report(out)], reading: runs)
    let traces = runs.filter { $0.hasSuffix(".jsonl") }
    let summaries = try runs.filter { !traces.contains($0) }.map { try RunSummary(of: RunDirectory(URL(filePath: $0))) }
    var report = Report(of: summaries, traces)
    for trace in traces {
      let file = URL(filePath: trace)
      try SearchTrace<ImageFitness>.read(from: file).append(to: &report, named: file.lastPathComponent)
    }
    try report.write(to: URL(filePath: out))
    if json {
      for summary in summaries { try printJSON(summary.last) }
    } else {
      if !summaries.isEmpty { try StandardOutput.print(summaries.table.text + "\n") }
      try StandardOutput.print("Report: \(out)")
    }
  }
}

/// The metrics of one run under its name.
struct RunSummary {
  let name: String
  let metrics: [Metrics]
  let last: Metrics

  /// - Throws: `RunError` if the directory holds no metrics.
  init(of directory: RunDirectory) throws {
    metrics = try directory.readMetrics()
    guard let last = metrics.last(where: { $0.validationAccuracy != nil }) ?? metrics.last else {
      throw RunError.damaged(directory.metrics, problem: "it holds no metrics: no step of this run was logged")
    }
    (self.last, name) = (last, directory.url.lastPathComponent)
  }

  /// The training loss over the epochs.
  var losses: LineChart.Series {
    LineChart.Series(
      name, points: metrics.filter { $0.validationAccuracy == nil }.map { .init(x: $0.epoch, y: $0.loss) })
  }

  /// The accuracy on the search split over the epochs, in percent.
  var accuracies: LineChart.Series {
    LineChart.Series(
      name, points: metrics.compactMap { line in line.validationAccuracy.map { .init(x: line.epoch, y: 100 * $0) } })
  }
}

extension [RunSummary] {
  var table: Table {
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

  var lossChart: LineChart {
    LineChart(title: "Training loss", x: "epoch", y: "cross-entropy", series: map(\.losses))
  }

  var accuracyChart: LineChart {
    LineChart(title: "Accuracy on the search split", x: "epoch", y: "%", series: map(\.accuracies))
  }
}

extension Report {
  init(of runs: [RunSummary], _ traces: [String]) {
    let parts = [(runs.count, "run"), (traces.count, "search")].filter { $0.0 > 0 }
    let title = parts.map { count, name in "\(count) \(name)" + (count == 1 ? "" : name == "run" ? "s" : "es") }
    self.init(title: runs.count == 1 && traces.isEmpty ? "Run \(runs[0].name)" : title.joined(separator: ", "))
    guard !runs.isEmpty else { return }
    append(.table(runs.table))
    append(.lines(runs.lossChart))
    append(.lines(runs.accuracyChart))
  }
}
