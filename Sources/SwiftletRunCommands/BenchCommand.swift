import ArgumentParser
import SwiftletRuntime

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `bench MODEL`: how fast a model runs here.
public struct BenchCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time a model on random input, with the best and the median of several runs.")

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"]))
  var model: String

  @Option(help: "Samples in each run.")
  var batch = 1

  @Option(help: "Numbers of threads to time, separated by commas. (default: 1 and one for each processor)")
  var threads: String?

  @Option(help: "Timed runs for each number of threads, after one that warms up.")
  var runs = 10

  @Option(name: .customLong("isa"), help: "The highest instruction set to use. (default: the processor's)")
  var instructionSet: InstructionSet?

  @Flag(help: "Also print the time of every node.")
  var profile = false

  @Flag(help: "Print one JSON object a line for each number of threads.")
  var json = false

  public init() {}

  public func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch is \(batch): at least one sample is needed") }
    guard runs >= 1 else { throw ValidationError("--runs is \(runs): at least one run is needed") }
    _ = try threadCounts()
  }

  private func threadCounts() throws -> [Int] {
    guard let threads else { return Set([1, processorCount()]).sorted() }
    return try threads.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let count = Int(text), count >= 1 else {
        throw ValidationError("--threads holds \"\(text)\": expected numbers such as 1,2")
      }
      return count
    }
  }

  public func run() throws {
    try reportingErrors {
      let file = try ModelFile(contentsOf: URL(path: model))
      for threads in try threadCounts() {
        let session = try Session(file, threads: threads, instructionSet: instructionSet)
        let measured = try ModelBenchmark(session, batch: batch, runs: runs, path: model)
        let nodes = profile ? try session.profile(session.randomInputs(batch: batch), runs: runs) : nil
        if json {
          try printJSON(measured)
          if let nodes { try printJSON(nodes) }
        } else {
          print(measured.text)
          if let nodes { print(text(of: nodes)) }
        }
      }
    }
  }

  private func text(of profile: Profile) -> String {
    let rows = profile.entries.map {
      ["  \($0.name)", $0.operation, $0.kernel ?? "", $0.bestMilliseconds.text(decimals: 3)]
    }
    return table([["  node", "operation", "kernel", "ms"]] + rows)
  }
}
