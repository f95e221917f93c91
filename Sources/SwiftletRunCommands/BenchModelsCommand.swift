import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletRuntime
import SwiftletTerminal

/// A network with random weights, as `--random` names it.
private enum RandomNetwork: String, CaseIterable, ExpressibleByArgument {
  case tiny, small, base, driving

  func model(_ precision: Precision, _ sparsity: RandomDrivingNetwork.Sparsity) throws -> RandomModel {
    let size: RandomVisionTransformer.Size
    switch self {
    case .driving:
      let network = RandomDrivingNetwork(precision: precision, sparsity: sparsity)
      return RandomModel(name: network.name, precision: precision, make: network.model)
    case .tiny: size = .tiny
    case .small: size = .small
    case .base: size = .base
    }
    let pattern: SparsityPattern?
    switch sparsity {
    case .dense: pattern = nil
    case .uniform(let uniform): pattern = uniform
    case .mixed: throw ValidationError("--patterns holds \"mixed\", which is of --random driving")
    }
    let transformer = RandomVisionTransformer(size: size, precision: precision, pattern: pattern)
    return RandomModel(name: transformer.name, precision: precision, make: transformer.model)
  }
}

private struct RandomModel {
  let name: String
  let precision: Precision
  let make: () throws -> ModelFile
}

/// `bench model MODEL…`, or `bench MODEL…`: how fast models run here, side by side.
struct BenchModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Time models on random input, with the best and the median of several runs.",
    discussion: """
      With several models, or with --random, all are timed side by side in one process, and the speed-up is that of the \
      best times against the first model of the same precision.
      """)

  @Argument(help: "Model files.", completion: .file(extensions: ["swiftlet"]))
  var models: [String] = []

  @Option(
    name: .customLong("random"),
    help: "Also time a network with random weights: DeiT tiny, small or base, or an ELAN network for driving.")
  private var random: RandomNetwork?

  @Option(help: "Precisions of --random, separated by commas: fp32, bf16, int8.")
  var precisions = "fp32,int8"

  @Option(help: "Patterns of --random, separated by commas: dense, N:M, or mixed for driving (1:4 and 2:4).")
  var patterns = "dense,2:4,1:4"

  @Option(help: "Samples in each run.")
  var batch = 1

  @Option(help: "Numbers of threads to time, separated by commas. (default: 1 and one for each processor)")
  var threads: String?

  @Option(help: "Timed runs for each model and number of threads, after one that warms up.")
  var runs = 10

  @Option(name: .customLong("isa"), help: "The highest instruction set to use. (default: the processor's)")
  var instructionSet: InstructionSet?

  @OptionGroup var profiling: ProfileOptions

  @Flag(help: "Print one JSON object a line for each model and number of threads.")
  var json = false

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch is \(batch): at least one sample is needed") }
    guard runs >= 1 else { throw ValidationError("--runs is \(runs): at least one run is needed") }
    guard !models.isEmpty || random != nil else { throw ValidationError("give a model file, or --random small") }
    _ = try threadCounts()
    let randomCount = try randomModels().count
    try profiling.validate(models: models.count + randomCount)
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

  private func randomModels() throws -> [RandomModel] {
    guard let random else { return [] }
    let sparsities = try patterns.split(separator: ",", omittingEmptySubsequences: false).map(sparsity)
    return try precisions.split(separator: ",", omittingEmptySubsequences: false).flatMap { text in
      guard let precision = Precision(rawValue: String(text)) else {
        throw ValidationError("--precisions holds \"\(text)\": expected fp32, bf16 or int8")
      }
      return try sparsities.map { try random.model(precision, $0) }
    }
  }

  private func sparsity(_ text: Substring) throws -> RandomDrivingNetwork.Sparsity {
    if text == "dense" { return .dense }
    if text == "mixed" { return .mixed }
    do {
      return .uniform(try SparsityPattern(parsing: String(text)))
    } catch {
      throw ValidationError("--patterns holds \"\(text)\": expected dense, mixed or N:M such as 2:4, M at most 64")
    }
  }

  func run() throws {
    try profiling.checkOutput(reading: models)
    var files = try models.map { (name: $0, family: $0, file: try ModelFile(contentsOf: URL(path: $0))) }
    if let first = files.first { files = files.map { ($0.name, first.name, $0.file) } }
    for random in try randomModels() {
      files.append((random.name, random.precision.rawValue, try random.make()))
    }
    let threadCounts = try threadCounts()
    for threads in threadCounts {
      let sessions = try files.map {
        (name: $0.name, session: try Session($0.file, threads: threads, instructionSet: instructionSet))
      }
      let measured = try ModelBenchmark.measure(sessions, batch: batch, runs: runs)
      try show(measured, families: files.map(\.family))
      let peaks = try sessions.first.flatMap { try profiling.peaks(for: $0.session) }
      for (_, session) in sessions {
        try profiling.showProfile(of: session, peaks: peaks, batch: batch, runs: runs, json: json)
        if threads == threadCounts.max() { try profiling.writeTrace(of: session, batch: batch) }
      }
    }
  }

  private func show(_ measured: [ModelBenchmark], families: [String]) throws {
    if json {
      for result in measured { try printJSON(result) }
      return
    }
    guard let first = measured.first else { return }
    try StandardOutput.print(
      "batch \(first.batch), \(first.threads) \(first.threads == 1 ? "thread" : "threads"), \(first.isa), "
        + "\(first.runs) runs")
    var baselines: [String: Double] = [:]
    let rows = zip(measured, families).map { result, family in
      let baseline = baselines[family] ?? result.bestMilliseconds
      baselines[family] = baseline
      return [
        result.model, result.bestMilliseconds.text(decimals: 2), result.medianMilliseconds.text(decimals: 2),
        result.bestMillisecondsPerSample.text(decimals: 2),
        (baseline / result.bestMilliseconds).text(decimals: 2) + "x",
      ]
    }
    try StandardOutput.print(table([["model", "best ms", "median ms", "ms a sample", "speed-up"]] + rows))
    if let peak = first.peakBytes {
      let (weights, arenas) = measured.reduce((0, 0)) { ($0.0 + $1.weightBytes, $0.1 + $1.arenaBytes) }
      try StandardOutput.print(
        "memory: weights \(weights.byteText), values \(arenas.byteText); the process took \(peak.byteText) at most")
    }
  }
}
