import ArgumentParser
import Foundation
import SwiftletBenchmarkKit
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet bench MODEL.swiftlet… [--against OTHER.swiftlet|torch]`: model files taking turns.
struct BenchModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Time model files side by side, or beside libtorch.",
    discussion: "All of them take turns. The speed-up is against the file of --against.")

  @Argument(help: "The model files.", completion: .file(extensions: ["swiftlet"])) var models: [String]
  @Option(help: "Another model file, or torch for the dense network of the first one's shape in libtorch.")
  var against: String?
  @Option(help: "Numbers of threads, separated by commas.") var threads = ListOption([1, 2])
  @Option(help: "Batch sizes, separated by commas.") var batch = ListOption([1, 8])
  @Option(help: "Timed runs of each side.") var runs = 12
  @Flag(help: "Print one JSON object a line.") var json = false
  @OptionGroup var profiling: ProfileOptions

  func validate() throws {
    if models.isEmpty { throw ValidationError("give at least one model file") }
    try validateBench(runs: runs, threads: threads.values, batches: batch.values)
    try profiling.validate(models: models.count)
  }

  func run() throws {
    try profiling.checkOutput(reading: models + (against.map { [$0] } ?? []))
    let files = try models.map { try ModelFile(contentsOf: URL(filePath: $0)) }
    var contenders = zip(models, files).map { Contender(name: $0, $1) }
    if let against { contenders.append(try opponent(against, of: files[0])) }

    var table = Table(columns: [
      .text("model"), .number("batch"), .number("threads"), .number("best ms an image"), .number("median"),
      .number("speed-up"),
    ])
    for threads in threads.values {
      for batch in batch.values {
        let times = try contenders.measure(batch: batch, threads: threads, runs: runs)
        let base = against == nil ? nil : times.last?.bestMilliseconds
        for time in times {
          if json { try printJSON(time) }
          table.append([
            time.name, "\(batch)", "\(threads)", time.bestMilliseconds.text(decimals: 3),
            time.medianMilliseconds.text(decimals: 3),
            base.map { ($0 / time.bestMilliseconds).text(decimals: 2) + "x" } ?? "",
          ])
        }
      }
    }
    if !json { try StandardOutput.print(table.text) }
    guard profiling.profile || profiling.trace != nil else { return }
    // With the most threads, and the smallest batch; one session at a time.
    let (threads, batch) = (threads.values.max() ?? 1, batch.values.min() ?? 1)
    var peaks: MachinePeaks?
    for file in files {
      let session = try Session(file, threads: threads)
      if peaks == nil { peaks = try profiling.peaks(for: session) }
      try profiling.showProfile(of: session, peaks: peaks, batch: batch, runs: runs, json: json)
      try profiling.writeTrace(of: session, batch: batch)
    }
  }

  private func opponent(_ name: String, of file: ModelFile) throws -> Contender {
    if name == "torch" { return try Contender(torchOf: file) }
    return Contender(name: name, try ModelFile(contentsOf: URL(filePath: name)))
  }
}

/// What all benchmarks of networks may be asked for.
func validateBench(runs: Int, threads: [Int], batches: [Int]) throws {
  guard runs >= 1 else { throw ValidationError("--runs is \(runs): at least one run is needed") }
  guard threads.allSatisfy({ (1...ThreadPool.limit).contains($0) }) else {
    throw ValidationError("--threads takes numbers from 1 to \(ThreadPool.limit)")
  }
  guard batches.allSatisfy({ (1...4096).contains($0) }) else {
    throw ValidationError("--batch takes numbers from 1 to 4096")
  }
}
