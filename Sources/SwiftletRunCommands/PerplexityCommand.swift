import ArgumentParser
import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime
import SwiftletTerminal

/// `eval MODEL --data TEXT`: the perplexity of a language model.
public struct PerplexityCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure the perplexity of a language model on a text.",
    discussion: """
      The text is tokenised once and read in windows side by side, of each of which all tokens but the first are foretold; \
      the tail is left out. With --per-document each document is read alone, from its first token on. --against tells how \
      far the forecasts are from those of another model: the mean and the 99.9 % quantile of the KL divergence, and how \
      often both foretell the same token first.
      """)

  /// What is measured.
  enum Metric: String, CaseIterable, ExpressibleByArgument { case perplexity }

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"])) var model: String
  @Option(help: "What is measured.") var metric = Metric.perplexity
  @OptionGroup var text: PerplexityOptions
  @Option(help: "A text file.") var data: String
  @Option(help: "Another model file to compare with.") var against: String?
  @OptionGroup var speed: SpeedOptions
  @Flag(help: "Print one JSON object.") var json = false

  public init() {}

  public func run() throws {
    let start = ContinuousClock.now
    let (own, other) = try (load(model), against.map(load))
    let request = text.request(data)
    let (stretches, window) = try request.stretches(
      by: own.tokenizer, context: min(own.contextLength, other?.contextLength ?? .max))
    var progress: EvaluationProgress?
    defer { progress?.end() }
    let found = try ForecastEvaluation(of: own, against: other, on: stretches) { done, targets in
      if json { return }
      if progress == nil { progress = EvaluationProgress(of: targets, unit: "token") }
      progress?.show(done)
    }
    progress?.end()
    let report = PerplexityReport(
      model: model, reference: against, on: request, window: window, stretches: stretches.stretches.count,
      score: found.score, referenceScore: found.reference, divergence: found.divergence,
      seconds: (ContinuousClock.now - start) / .seconds(1))
    if json { try printJSON(report) } else { try StandardOutput.print(report) }
  }

  private func load(_ path: String) throws -> LanguageModel {
    try LanguageModel(
      contentsOf: URL(path: path), threads: speed.threads ?? processorCount(), instructionSet: speed.instructionSet)
  }
}

/// How `eval` cuts a text.
package struct PerplexityOptions: ParsableArguments {
  @Option(help: "Tokens of a window. Default: 2048, or the network's context where that is shorter.")
  package var window: Int?
  @Option(help: ArgumentHelp("Read documents alone that this stands between.", valueName: "separator"))
  package var perDocument: String?
  @Option(help: "Take only so many windows, or documents.") package var limit: Int?

  package init() {}

  package func validate() throws {
    guard window.map({ (2...1 << 24).contains($0) }) ?? true else {
      throw ValidationError("--window takes numbers from 2 to \(1 << 24)")
    }
    guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit takes numbers from 1 on") }
    guard perDocument != "" else { throw ValidationError("--per-document takes what stands between documents") }
  }

  package var areGiven: Bool { window != nil || perDocument != nil || limit != nil }

  package func request(_ path: String) -> TextRequest {
    TextRequest(path, window: window, separator: perDocument, limit: limit)
  }
}
