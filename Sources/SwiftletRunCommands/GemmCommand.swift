import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletRuntime
import SwiftletTerminal

/// `swiftlet bench gemm`: the kernels of linear layers alone.
public struct GemmCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "gemm", abstract: "Time the kernels of linear layers alone, after checking their results.",
    discussion: """
      T tokens times a weight of O outputs and K inputs. The figures are dense-equivalent: 2 T K O operations over the \
      time, so that a dense kernel at the processor's peak and a sparse one are on one scale.
      """)

  @Option(help: "Precisions, separated by commas.") var precisions = ListOption(Precision.allCases)
  @Option(help: "Patterns, separated by commas.") var patterns = ListOption(PatternName.usual)
  @Option(help: "Numbers of threads, separated by commas.") var threads = ListOption([1, 2])
  @Option(help: "Shapes as TxKxO, separated by commas.") var shapes = ListOption(ShapeName.usual)
  @Option(help: "Timed runs of each kernel.") var runs = 15
  @Option(name: .customLong("isa"), help: "The highest instruction set to use. Default: the processor's.")
  var instructionSet: InstructionSetName?
  @Flag(help: "Print one JSON object a line.") var json = false
  @Flag(help: "Print a Markdown table of Gop/s, a row a shape, with the machine and what it does at best.")
  var markdown = false

  public init() {}

  public func validate() throws {
    guard runs >= 1 else { throw ValidationError("--runs is \(runs): at least one run is needed") }
    if json, markdown { throw ValidationError("--json and --markdown are two ways to print: choose one") }
    guard threads.values.allSatisfy({ (1...ThreadPool.limit).contains($0) }) else {
      throw ValidationError("--threads takes numbers from 1 to \(ThreadPool.limit)")
    }
    for shape in shapes.values {
      for pattern in patterns.values where !shape.size.inputs.isMultiple(of: pattern.pattern.group) {
        throw ValidationError(
          "groups of \(pattern.pattern.group) do not divide the \(shape.size.inputs) inputs of \(shape)")
      }
    }
  }

  /// One line of the result.
  struct Line: Codable {
    let precision, pattern: String
    let tokens, inputs, outputs, threads: Int
    let isa, kernel: String
    let ms, medianMs, gops: Double

    enum CodingKeys: String, CodingKey {
      case precision, pattern, threads, isa, kernel, ms, gops
      case tokens = "T"
      case inputs = "K"
      case outputs = "O"
      case medianMs = "median_ms"
    }
  }

  public func run() throws {
    if markdown { return try printMarkdown() }
    var table = Table(columns: [
      .text("precision"), .text("pattern"), .number("T"), .number("K"), .number("O"), .number("threads"),
      .text("kernel"),
      .number("ms"), .number("Gop/s"), .number("speed-up"),
    ])
    for shape in shapes.values {
      for precision in precisions.values {
        for threads in threads.values {
          let lines = try measure(shape.size, precision, threads: threads)
          if json {
            for line in lines { try printJSON(line) }
          } else {
            let dense = lines.first { $0.pattern == PatternName.denseName }
            for line in lines {
              table.append([
                line.precision, line.pattern, "\(line.tokens)", "\(line.inputs)", "\(line.outputs)", "\(line.threads)",
                line.kernel,
                line.ms.text(decimals: 3), line.gops.text(decimals: 1),
                dense.map { ($0.ms / line.ms).text(decimals: 2) + "x" } ?? "",
              ])
            }
          }
        }
      }
    }
    if !json { try StandardOutput.print(table.text) }
  }

  /// A table for each number of threads: what `docs/kernels-speed.md` holds.
  private func printMarkdown() throws {
    for threads in threads.values {
      let peaks = try MachinePeaks.measure(
        threads: threads, instructionSet: instructionSet?.value ?? .best, precisions: precisions.values)
      var table = Table(
        columns: [.text("T, K, O")]
          + precisions.values.flatMap { precision in
            patterns.values.map { .number("\(precision.rawValue) \($0)") }
          })
      for shape in shapes.values {
        let lines = try precisions.values.flatMap { try measure(shape.size, $0, threads: threads) }
        table.append(
          ["\(shape.size.tokens), \(shape.size.inputs), \(shape.size.outputs)"]
            + lines.map { $0.gops.text(decimals: 0) })
      }
      let best = precisions.values.map {
        "\($0.rawValue) \((peaks.gigaOperationsPerSecond[$0] ?? 0).text(decimals: 0))"
      }
      try StandardOutput.print(
        """
        \(Machine.description(threads: threads)) Its multiply-adds on registers reach \
        \(best.joined(separator: ", ")) Gop/s, a plain read of memory \
        \(peaks.gigabytesPerSecond.text(decimals: 1)) GB/s.

        \(table.markdown)

        """)
    }
  }

  /// All patterns of one shape, taking turns.
  private func measure(_ size: Gemm.Size, _ precision: Precision, threads: Int) throws -> [Line] {
    let pool = try ThreadPool(threads: threads)
    let instructionSet = instructionSet?.value ?? .best
    let products = try patterns.values.map {
      try Gemm(size, precision: precision, pattern: $0.pattern, threads: threads, instructionSet: instructionSet)
    }
    for product in products {
      product.run(on: pool)
      try product.check()
    }
    let times = try InterleavedTiming.measure(
      rounds: (runs + 4) / 5, repeats: 5, products.map { product in { product.run(on: pool) } })
    return zip(zip(patterns.values, products), times).map { pair, time in
      Line(
        precision: precision.rawValue, pattern: "\(pair.0)", tokens: size.tokens, inputs: size.inputs,
        outputs: size.outputs,
        threads: threads, isa: pair.1.isa, kernel: pair.1.kernelName, ms: time.best, medianMs: time.median,
        gops: size.operations / time.best * 1e-6)
    }
  }
}
