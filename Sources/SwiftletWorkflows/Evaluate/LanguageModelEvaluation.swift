import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletTensor
import SwiftletTerminal
import SwiftletText
import SwiftletTraining

/// A language model's perplexity on a text, alone or beside another network whose forecasts it should keep.
///
/// ```swift
/// var request = LanguageModelEvaluation.Request(model: "models/x", data: "wikitext2.test.tokens", window: 2048)
/// request.reference = "models/dense"
/// print(try LanguageModelEvaluation(request))
/// ```
public struct LanguageModelEvaluation {
  /// What is asked for.
  public struct Request {
    /// Folders of Hugging Face's layout.
    public var model: String
    public var reference: String?
    /// A text file.
    public var data: String
    /// Tokens of a window, or how many of a document are foretold at most; nil is 2,048, or the network's context where that
    /// is shorter.
    public var window: Int?
    /// What stands between documents that are read alone; nil reads the text as a whole.
    public var separator: String?
    /// Takes only so many windows, or documents.
    public var limit: Int?
    public var threads: Int?

    public init(model: String, data: String, window: Int? = nil) {
      (self.model, self.data, self.window) = (model, data, window)
    }
  }

  public let request: Request
  public let window: Int
  /// Windows or documents.
  public let stretches: Int
  public let evaluation: LanguageEvaluation
  public let seconds: Double

  /// - Parameter progress: told after each batch how many tokens of all are done.
  /// - Throws: `RunError.unreadableText`, `LanguageTextError`, or what reading the networks throws.
  public init(_ request: Request, progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }) throws {
    let clock = ContinuousClock()
    let start = clock.now
    if let threads = request.threads { Torch.setThreads(threads) }
    let source = try LanguageModelFolder(URL(filePath: request.model))
    let (model, tokenizer) = (source.model, source.tokenizer)
    let reference = try request.reference.map { try LanguageModelFolder.model(URL(filePath: $0)) }
    let context = min(model.configuration.context, reference?.configuration.context ?? .max)
    let window = request.window ?? min(2048, context)
    guard window > 1 else { throw LanguageTextError.windowTooShort(window) }
    guard window <= context else { throw LanguageTextError.beyondContext(window: window, context: context) }
    let text = try TextSample.utf8(of: URL(filePath: request.data))
    let stretches =
      if let separator = request.separator {
        try LanguageText.documents(of: text, between: separator, by: tokenizer, window: window, limit: request.limit)
      } else {
        try LanguageText.windows(of: text, by: tokenizer, window: window, limit: request.limit)
      }
    evaluation = try LanguageEvaluation(of: model, against: reference, on: stretches, progress: progress)
    (self.request, self.window, self.stretches) = (request, window, stretches.stretches.count)
    seconds = (clock.now - start).milliseconds / 1000
  }
}

extension LanguageModelEvaluation: Encodable {
  private enum CodingKeys: String, CodingKey {
    case model, data, window, windows, documents, against, divergence, seconds
  }

  private struct Other: Encodable {
    let model: String
    let natsPerToken, perplexity: Double
    let bitsPerByte: Double?
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(request.model, forKey: .model)
    try container.encode(request.data, forKey: .data)
    try container.encode(window, forKey: .window)
    try container.encode(stretches, forKey: request.separator == nil ? .windows : .documents)
    try evaluation.score.encode(to: encoder)
    if let name = request.reference, let score = evaluation.reference {
      try container.encode(
        Other(
          model: name, natsPerToken: score.natsPerToken, perplexity: score.perplexity, bitsPerByte: score.bitsPerByte),
        forKey: .against)
    }
    try container.encodeIfPresent(evaluation.divergence, forKey: .divergence)
    try container.encode(seconds, forKey: .seconds)
  }
}

extension LanguageModelEvaluation: CustomStringConvertible {
  public var description: String {
    var table = Table(columns: [
      .text("model"), .number("perplexity"), .number("nats a token"), .number("bits a byte"), .number("tokens"),
    ])
    for (name, score) in [(request.model, evaluation.score), (request.reference ?? "", evaluation.reference)] {
      guard let score else { continue }
      table.append([
        name, score.perplexity.text(decimals: 4), score.natsPerToken.text(decimals: 5),
        score.bitsPerByte.map { $0.text(decimals: 5) } ?? "", "\(score.targets)",
      ])
    }
    let kind = request.separator == nil ? "windows of \(window) tokens" : "documents of up to \(window) tokens"
    var text = "\(table.text)\n\(stretches) \(kind), \(seconds.text(decimals: 1)) s"
    if let divergence = evaluation.divergence {
      text +=
        "\nKL divergence from \(request.reference ?? ""): mean \(divergence.mean.text(decimals: 6)), 99.9 % up to "
        + "\(divergence.quantile999.text(decimals: 6)) nats; the same token first for "
        + "\((100 * divergence.top1Agreement).text(decimals: 2)) %"
    }
    return text
  }
}
