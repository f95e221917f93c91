import Foundation
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletRuntime
import SwiftletTensor
import SwiftletText
import SwiftletTraining

/// A language model's perplexity on a text, alone or beside another network whose forecasts it should keep.
///
/// ```swift
/// var request = LanguageModelEvaluation.Request(model: "models/x", text: TextRequest("wikitext2.test.tokens", window: 2048))
/// request.reference = "models/dense"
/// print(try LanguageModelEvaluation(request).report)
/// ```
public struct LanguageModelEvaluation {
  /// What is asked for.
  public struct Request {
    /// Folders of Hugging Face's layout, which libtorch runs, or model files.
    public var model: String
    public var reference: String?
    public var text: TextRequest
    public var threads: Int?

    public init(model: String, text: TextRequest) { (self.model, self.text) = (model, text) }
  }

  public let report: PerplexityReport

  /// - Parameter progress: told now and then how many tokens of all are done.
  /// - Throws: `LanguageTextError`, or what reading the networks throws.
  public init(_ request: Request, progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let threads = request.threads ?? processorCount()
    let model = try Side(request.model, threads: threads)
    let reference = try request.reference.map { try Side($0, threads: threads) }
    let context = min(model.context, reference?.context ?? .max)
    let (text, window) = try request.text.stretches(by: try model.tokenizer(), context: context)
    func report(_ score: LanguageScore, _ other: LanguageScore?, _ divergence: LanguageDivergence?) -> PerplexityReport
    {
      PerplexityReport(
        model: request.model, reference: request.reference, on: request.text, window: window,
        stretches: text.stretches.count, score: score, referenceScore: other, divergence: divergence,
        seconds: (clock.now - start) / .seconds(1))
    }
    if case .folder(let network, _) = model, case .folder(let other, _) = reference ?? model {
      let found = try LanguageEvaluation(
        of: network, against: reference == nil ? nil : other, on: text, progress: progress)
      self.report = report(found.score, found.reference, found.divergence)
    } else {
      let found = try ForecastEvaluation(
        of: model.forecaster, against: reference?.forecaster, on: text, progress: progress)
      self.report = report(found.score, found.reference, found.divergence)
    }
  }

  /// A network as a folder holds it, which libtorch runs, or in a model file.
  private enum Side {
    case folder(LlamaModel, URL)
    case file(LanguageModel)

    init(_ path: String, threads: Int) throws {
      let url = URL(filePath: path)
      if FolderListing.isFolder(FileName(path)) {
        Torch.setThreads(threads)
        self = .folder(try LanguageModelFolder.model(url), url)
      } else {
        self = .file(try LanguageModel(contentsOf: url, threads: threads))
      }
    }

    func tokenizer() throws -> Tokenizer {
      switch self {
      case .folder(_, let folder): try Tokenizer(folder: folder)
      case .file(let model): model.tokenizer
      }
    }

    var context: Int {
      switch self {
      case .folder(let network, _): network.configuration.context
      case .file(let model): model.program.contextLength
      }
    }

    var forecaster: any Forecaster {
      switch self {
      case .folder(let network, _): LlamaForecaster(network)
      case .file(let model): model
      }
    }
  }
}
