import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletRuntime
import SwiftletTerminal

/// Where a model's time goes: what `bench MODEL` can be asked for beside the time of a run.
package struct ProfileOptions: ParsableArguments {
  @Flag(help: "Also print the time of every node, and what it does of the machine's measured best.")
  package var profile = false

  @Option(
    help: "Write one run with the most threads to this file, for a browser's trace viewer.",
    completion: .file(extensions: ["json"]))
  package var trace: String?

  package init() {}

  /// Refuses a trace of several models.
  package func validate(models count: Int) throws {
    if trace != nil, count != 1 { throw ValidationError("--trace takes one model, \(count) are given") }
  }

  /// Refuses a trace that would destroy another file or has no folder to lie in, before the work begins.
  package func checkOutput(reading models: [String]) throws {
    guard let trace else { return }
    try checkOutputs([TraceFile.output(trace)], reading: models)
    let folder = URL(filePath: trace).deletingLastPathComponent().path
    guard try FileIdentity(path: folder)?.kind == .folder else {
      throw ValidationError("--trace \(trace): there is no folder \(folder)")
    }
  }

  /// The machine's best with the threads and instructions of a session, if a profile was asked for.
  package func peaks(for session: Session) throws -> MachinePeaks? {
    guard profile else { return nil }
    return try MachinePeaks.measure(threads: session.threads, instructionSet: session.instructionSet)
  }

  /// Prints the profile of a session beside the machine's best, if it was asked for.
  package func showProfile(of session: Session, peaks: MachinePeaks?, batch: Int, runs: Int, json: Bool) throws {
    guard let peaks else { return }
    let profile = try ModelProfile(of: session, batch: batch, runs: runs, peaks: peaks)
    if json { return try printJSON(profile) }
    let rates = peaks.gigaOperationsPerSecond.sorted { $0.key.bits > $1.key.bits }
    try StandardOutput.print(
      """

      \(profile.model), batch \(batch), \(session.threads) threads: nodes \(profile.profile.bestMilliseconds.text(decimals: 2)) \
      ms. The machine's best: \
      \(rates.map { "\($0.key.rawValue) \($0.value.text(decimals: 0))" }.joined(separator: ", ")) GOP/s on registers, \
      \(peaks.gigabytesPerSecond.text(decimals: 1)) GB/s from memory.

      \(table(profile.nodes, title: "node"))

      \(table(profile.kinds, title: "all of a kind"))
      """)
  }

  private func table(_ lines: [ModelProfile.Line], title: String) -> String {
    var table = Table(columns: [
      .text(title), .text("operation"), .text("kernel"), .number("ms"), .number("of all"), .number("GOP/s"),
      .number("of best"), .number("GB/s"), .number("of memory"),
    ])
    func percent(_ share: Double) -> String { (100 * share).text(decimals: 0) + " %" }
    for line in lines {
      table.append([
        line.name ?? "\(line.count)", line.operation, line.kernel ?? "", line.milliseconds.text(decimals: 3),
        percent(line.shareOfTime), line.gigaOperationsPerSecond.text(decimals: 1), percent(line.shareOfOperations),
        line.gigabytesPerSecond.text(decimals: 1), percent(line.shareOfReading),
      ])
    }
    return table.text
  }

  /// Writes the trace of a session, if it was asked for.
  package func writeTrace(of session: Session, batch: Int) throws {
    guard let trace else { return }
    do {
      try TraceFile(of: session, batch: batch).write(to: trace)
    } catch let error as FileError {
      throw OutputError.unwritable(trace, error)
    }
  }
}
