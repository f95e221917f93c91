import ArgumentParser
import Foundation
import SwiftletBenchmarkKit
import SwiftletCompression
import SwiftletFiles
import SwiftletPlans
import SwiftletRuntime
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet demo`: from drawn images to a table of compressed models, without a download.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Train, prune, export and run a small vision transformer on drawn images.",
    discussion: "2 to 3 minutes on 2 idle cores. Leaves checkpoints, model files, results.json and report.html.")

  @Option(help: "Where everything goes; what an earlier demo left there is replaced.")
  var out = "out/demo"
  @Option(help: "Threads that train and run.")
  var threads = min(processorCount(), 8)
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a value of the demo's recipe, as in training.epochs=2.", valueName: "key=value"))
  var overrides: [String] = []
  @Flag(help: "Print the results as JSON; no progress is shown.")
  var json = false

  func run() throws {
    let directory = URL(filePath: out)
    try Demo.checkOutputs(in: directory)
    try makeFolder(directory)
    let lock = try RunLock(directory)
    defer { lock.release() }
    let clock = ContinuousClock()
    let start = clock.now
    var demo = Demo(
      directory: directory, threads: threads,
      recipe: try Recipe.parse(
        Demo.recipe, source: "the demo's recipe",
        overrides: ["training.threads=\(threads)"] + overrides))
    if !json {
      let progress = ConsoleProgress()
      demo.observer = progress.callAsFunction
      // Beside the progress lines, so that the order holds when the output goes to a file.
      demo.announce = { for line in ["", $0] { printToStandardError(line) } }
    }
    let results: [DemoResult]
    do {
      results = try demo.run()
    } catch RunError.interrupted(let signal, _) {
      throw DemoError.interrupted(signal: signal)
    }
    let seconds = Double((clock.now - start).components.seconds)
    try write(results, to: directory, seconds: seconds)
  }
}

/// Why a demo did not come to its end.
enum DemoError: Error, CustomStringConvertible {
  case interrupted(signal: Int32)

  var description: String {
    switch self {
    case .interrupted(let signal):
      "stopped by \(RunError.name(of: signal)); the demo is short and begins anew each time: run it again"
    }
  }
}

extension DemoCommand {
  private func write(_ results: [DemoResult], to directory: URL, seconds: Double) throws {
    let encoded = String(decoding: try StrictJSON.encode(results, pretty: true), as: UTF8.self)
    let file = Demo.results(in: directory)
    do { try AtomicFile.write(encoded, replacing: file.path) } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
    let page = Demo.page(in: directory)
    let runs = try Demo.patterns.map { try RunSummary(of: RunDirectory(directory.appending(path: $0.folderName))) }
    try results.report(machine: Machine.description(threads: threads), runs: runs).write(to: page)
    if json {
      try StandardOutput.print(encoded)
    } else {
      try StandardOutput.print("\n\(results.table.text)\n")
      try StandardOutput.print(
        "\(Machine.description(threads: threads)) Synthetic images; \(Int(seconds / 60)) min \(Int(seconds) % 60) s in all."
      )
      try StandardOutput.print("Report: \(page.path)")
    }
  }
}
