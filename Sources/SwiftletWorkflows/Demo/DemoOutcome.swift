import Foundation
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletPlans
import SwiftletReport
import SwiftletTraining

/// What a demo led to, for people; its ``results`` are for programs.
public struct DemoOutcome: Hashable, Sendable {
  /// One for each pattern and precision, the dense fp32 network first.
  public let results: [DemoResult]
  /// The processor in words: times are only worth something together with it.
  public let machine: String
  public let seconds: Double
  /// The file of ``results``, and the page.
  public let file, page: URL

  /// Writes the results and the page.
  init(_ results: [DemoResult], of demo: Demo, seconds: Double) throws {
    (self.results, self.seconds) = (results, seconds)
    machine = Machine.description(threads: demo.threads)
    (file, page) = (Demo.results(in: demo.directory), Demo.page(in: demo.directory))
    let text = String(decoding: try StrictJSON.encode(results, pretty: true), as: UTF8.self)
    do { try AtomicFile.write(text, replacing: file.path) } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
    let runs = try Demo.patterns.map {
      try RunSummary(of: RunDirectory(demo.directory.appending(path: $0.folderName)))
    }
    try results.report(machine: machine, runs: runs).write(to: page)
  }
}

extension DemoOutcome: CustomStringConvertible {
  public var description: String {
    """
    \(results.table.text)

    \(machine) Synthetic images; \(Int(seconds / 60)) min \(Int(seconds) % 60) s in all.
    Report: \(page.path)
    """
  }
}
