import Foundation
import SwiftletReport
import SwiftletSearch
import SwiftletTraining

/// What training runs and searches did, as one page.
///
/// ```swift
/// let report = try RunReport(of: ["runs/deit", "plan.trace.jsonl"].map { URL(filePath: $0) })
/// print(report.runs.table.text)
/// try report.page.write(to: URL(filePath: "report.html"))
/// ```
/// Of runs there is a table, losses and accuracies; of a search, judged by images or by a text, every candidate over its cost,
/// the plan as a map of its layers, what each layer alone costs, and the progress.
public struct RunReport: Sendable {
  public let runs: [RunSummary]
  public let page: Report

  /// - Parameter places: folders of runs, as training makes them, and traces, as searches do, which end in `.jsonl`.
  /// - Throws: `RunError` if a run holds no metrics, what reading a trace throws.
  public init(of places: [URL]) throws {
    let isTrace = { (place: URL) in place.path.hasSuffix(".jsonl") }
    let traces = places.filter(isTrace)
    runs = try places.filter { !isTrace($0) }.map { try RunSummary(of: RunDirectory($0)) }
    var page = Report(title: Self.title(of: runs, searches: traces.count))
    if !runs.isEmpty {
      page.append(.table(runs.table))
      page.append(.lines(runs.lossChart))
      page.append(.lines(runs.accuracyChart))
    }
    for trace in traces {
      switch try SomeSearchTrace.read(from: trace) {
      case .images(let search): search.append(to: &page, named: trace.lastPathComponent)
      case .language(let search): search.append(to: &page, named: trace.lastPathComponent)
      }
    }
    self.page = page
  }

  private static func title(of runs: [RunSummary], searches: Int) -> String {
    if runs.count == 1, searches == 0 { return "Run \(runs[0].name)" }
    let parts = [(runs.count, "run", "runs"), (searches, "search", "searches")].filter { $0.0 > 0 }
    return parts.map { count, one, many in "\(count) \(count == 1 ? one : many)" }.joined(separator: ", ")
  }
}
