import SwiftletTerminal

/// What `eval` says of language models on a text.
public struct PerplexityReport: Sendable {
  public let model: String
  /// The other's name.
  public let reference: String?
  public let request: TextRequest
  public let window: Int
  /// Windows or documents.
  public let stretches: Int
  public let score: LanguageScore
  public let referenceScore: LanguageScore?
  public let divergence: LanguageDivergence?
  public let seconds: Double

  public init(
    model: String, reference: String? = nil, on request: TextRequest, window: Int, stretches: Int,
    score: LanguageScore, referenceScore: LanguageScore?, divergence: LanguageDivergence?, seconds: Double
  ) {
    (self.model, self.reference, self.request) = (model, reference, request)
    (self.window, self.stretches, self.seconds) = (window, stretches, seconds)
    (self.score, self.referenceScore, self.divergence) = (score, referenceScore, divergence)
  }
}

extension PerplexityReport: Encodable {
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
    try container.encode(model, forKey: .model)
    try container.encode(request.path, forKey: .data)
    try container.encode(window, forKey: .window)
    try container.encode(stretches, forKey: request.separator == nil ? .windows : .documents)
    try score.encode(to: encoder)
    if let reference, let score = referenceScore {
      try container.encode(
        Other(
          model: reference, natsPerToken: score.natsPerToken, perplexity: score.perplexity,
          bitsPerByte: score.bitsPerByte),
        forKey: .against)
    }
    try container.encodeIfPresent(divergence, forKey: .divergence)
    try container.encode(seconds, forKey: .seconds)
  }
}

extension PerplexityReport: CustomStringConvertible {
  public var description: String {
    var table = Table(columns: [
      .text("model"), .number("perplexity"), .number("nats a token"), .number("bits a byte"), .number("tokens"),
    ])
    for (name, score) in [(model, score), (reference ?? "", referenceScore)] {
      guard let score else { continue }
      table.append([
        name, score.perplexity.text(decimals: 4), score.natsPerToken.text(decimals: 5),
        score.bitsPerByte.map { $0.text(decimals: 5) } ?? "", "\(score.targets)",
      ])
    }
    let kind = request.separator == nil ? "windows of \(window) tokens" : "documents of up to \(window) tokens"
    var text = "\(table.text)\n\(stretches) \(kind), \(seconds.text(decimals: 1)) s"
    if let divergence {
      text +=
        "\nKL divergence from \(reference ?? ""): mean \(divergence.mean.text(decimals: 6)), 99.9 % up to "
        + "\(divergence.quantile999.text(decimals: 6)) nats; the same token first for "
        + "\((100 * divergence.top1Agreement).text(decimals: 2)) %"
    }
    return text
  }
}
