import ArgumentParser
import Foundation
import SwiftletReport
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

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
