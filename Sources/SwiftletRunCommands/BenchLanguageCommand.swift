import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime
import SwiftletTerminal

/// `bench language MODEL… --context 1024,4096`: how fast language models read and write, side by side.
public struct BenchLanguageCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "language", abstract: "Time language models: reading a prompt, and writing behind it.",
    discussion: """
      All models take turns in one process. Tokens are drawn, as their meaning changes no time. Beside the speeds stands what is \
      remembered of the prompt; ratios are those of the first model's best time.
      """)

  @Argument(help: "Model files.", completion: .file(extensions: ["swiftlet"])) var models: [String]
  @Option(help: "Tokens of the prompt, separated by commas.") var context = ListOption([128, 1024])
  @Option(help: "Tokens that are written in a round.") var tokens = 16
  @Option(help: "Timed rounds, after one that warms up.") var rounds = 5
  @Option(help: "Threads, separated by commas. (default: one for each processor)") var threads: ListOption<Int>?
  @Option(name: .customLong("isa"), help: "The highest instruction set to use. (default: the processor's)")
  var instructionSet: InstructionSet?
  @Flag(help: "Print one JSON object a line.") var json = false

  public init() {}

  public func validate() throws {
    guard tokens >= 1, rounds >= 1 else { throw ValidationError("--tokens and --rounds are 1 or more") }
    guard context.values.allSatisfy({ $0 >= 1 }) else { throw ValidationError("--context takes numbers of 1 or more") }
    guard threads?.values.allSatisfy({ (1...ThreadPool.limit).contains($0) }) ?? true else {
      throw ValidationError("--threads takes numbers from 1 to \(ThreadPool.limit)")
    }
  }

  public func run() throws {
    var table = Table(columns: [
      .text("model"), .number("threads"), .number("prompt"), .number("tokens/s read"), .number("ms a token"),
      .number("median"), .number("tokens/s written"), .number("speed-up"), .number("remembered"),
    ])
    var peak: Int?
    for count in threads?.values ?? [processorCount()] {
      let loaded = try models.map {
        (name: $0, model: try LanguageModel(contentsOf: URL(path: $0), threads: count, instructionSet: instructionSet))
      }
      for context in context.values {
        let measured = try LanguageBenchmark.measure(loaded, context: context, tokens: tokens, rounds: rounds)
        for result in measured {
          peak = result.peakBytes
          if json {
            try printJSON(result)
            continue
          }
          table.append([
            result.model, "\(count)", "\(context)", result.promptTokensPerSecond.text(decimals: 1),
            result.bestMilliseconds.text(decimals: 2), result.medianMilliseconds.text(decimals: 2),
            result.tokensPerSecond.text(decimals: 1),
            (measured[0].bestMilliseconds / result.bestMilliseconds).text(decimals: 2), result.memoryBytes.byteText,
          ])
        }
      }
    }
    guard !json else { return }
    try StandardOutput.print(table.text)
    if let peak {
      try StandardOutput.print("the process took \(peak.byteText) at most; \(InstructionSet.best.rawValue)")
    }
  }
}
