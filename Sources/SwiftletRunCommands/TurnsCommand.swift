import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletRuntime
import SwiftletTerminal

/// `bench turns MODEL`: a model that waits to be asked, for benchmarks that let programs take turns.
public struct TurnsCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "turns", abstract: "Run a model as often as each line of standard input says, and answer with times.",
    discussion: """
      Prints one line of JSON when it is ready. Each line of standard input is a number of runs and is answered with the \
      milliseconds of each. Between them no thread does anything, so that programs that are asked in turn, such as \
      Benchmarks/peers/bench.py and its peers, have the processors to themselves. The end of the input ends the program.
      """)

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"])) var model: String
  @Option(help: "Samples in each run.") var batch = 1
  @OptionGroup var speed: SpeedOptions

  public init() {}

  public func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch is \(batch): at least one sample is needed") }
  }

  private struct Ready: Encodable {
    let ready, isa: String
    let threads, weightBytes: Int
  }

  private struct Answer: Encodable {
    let milliseconds: [Double]
  }

  public func run() throws {
    let session = try Session(
      ModelFile(contentsOf: URL(path: model)), threads: speed.threads ?? processorCount(),
      instructionSet: speed.instructionSet)
    let inputs = try session.randomInputs(batch: batch)
    for _ in 0..<2 { _ = try session.run(inputs) }
    try printJSON(
      Ready(
        ready: Program.version, isa: session.instructionSet.rawValue, threads: session.threads,
        weightBytes: session.weightByteCount))
    let clock = ContinuousClock()
    while let line = readLine() {
      guard let runs = Int(line), (0...1_000_000).contains(runs) else {
        throw ValidationError("standard input says \"\(line)\": expected a number of runs")
      }
      var times: [Double] = []
      for _ in 0..<runs {
        let start = clock.now
        _ = try session.run(inputs)
        times.append((clock.now - start).milliseconds)
      }
      try printJSON(Answer(milliseconds: times))
    }
  }
}
