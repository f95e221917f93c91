import SwiftletFiles

/// How well a language model foretells a text.
public struct LanguageScore: Hashable, Sendable {
  /// Tokens that were to be foretold.
  public let targets: Int
  /// The mean cross-entropy of a token.
  public let natsPerToken: Double
  /// Of a byte of the text; nil where nobody knows the bytes.
  public let bitsPerByte: Double?

  /// - Parameter nats: of all tokens together.
  public init(nats: Double, targets: Int, bytes: Double?) {
    self.targets = targets
    natsPerToken = nats / Double(targets)
    bitsPerByte = bytes.map { nats / log(2) / $0 }
  }

  public var perplexity: Double { exp(natsPerToken) }
}

extension LanguageScore: Encodable {
  private enum CodingKeys: String, CodingKey { case targets, natsPerToken, perplexity, bitsPerByte }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(targets, forKey: .targets)
    try container.encode(natsPerToken, forKey: .natsPerToken)
    try container.encode(perplexity, forKey: .perplexity)
    try container.encodeIfPresent(bitsPerByte, forKey: .bitsPerByte)
  }
}

/// How far a language model's forecasts are from a reference's, token by token: what a perplexity hides.
public struct LanguageDivergence: Hashable, Sendable, Encodable {
  /// Kullback-Leibler divergences of the model's distributions from the reference's, in nats: their mean, and what 999 of
  /// 1,000 do not exceed.
  public let mean, quantile999: Double
  /// The share of tokens for which both foretell the same one first.
  public let top1Agreement: Double

  /// - Parameter divergences: of each token, at least one.
  public init(_ divergences: [Float], agreeing: Int) {
    precondition(!divergences.isEmpty, "LanguageDivergence: there is no token")
    mean = divergences.reduce(0) { $0 + Double($1) } / Double(divergences.count)
    quantile999 = Self.quantile(0.999, of: divergences)
    top1Agreement = Double(agreeing) / Double(divergences.count)
  }

  /// By a line between the two neighbours in order.
  static func quantile(_ share: Double, of values: [Float]) -> Double {
    let sorted = values.sorted()
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return Double(sorted[below]) + (Double(sorted[above]) - Double(sorted[below])) * (place - Double(below))
  }
}
