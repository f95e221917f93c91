import ArgumentParser
import Foundation
import SwiftletTerminal
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
  var threads = Demo.usualThreads
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a value of the demo's recipe, as in training.epochs=2.", valueName: "key=value"))
  var overrides: [String] = []
  @Flag(help: "Print the results as JSON; no progress is shown.")
  var json = false

  func run() throws {
    var demo = try Demo(in: URL(filePath: out), threads: threads, overrides: overrides)
    if !json {
      let progress = ConsoleProgress()
      demo.observer = progress.callAsFunction
      // Beside the progress lines, so that the order holds when the output goes to a file.
      demo.announce = { for line in ["", $0] { printToStandardError(line) } }
    }
    let outcome = try demo.run()
    if json { try printJSON(outcome.results, pretty: true) } else { try StandardOutput.print("\n\(outcome)") }
  }
}
