import ArgumentParser
import Foundation
import SwiftletTerminal
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
    let report = try RunReport(of: runs.map { URL(filePath: $0) })
    try report.page.write(to: URL(filePath: out))
    if json {
      for run in report.runs { try printJSON(run.last) }
    } else {
      if !report.runs.isEmpty { try StandardOutput.print(report.runs.table.text + "\n") }
      try StandardOutput.print("Report: \(out)")
    }
  }
}
