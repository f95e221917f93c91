import Foundation
import SwiftletFiles
import SwiftletTerminal
import SwiftletTraining

/// What a setting costs and loses. In a file of JSON lines it stands beside the setting.
public struct KeyValueResult: Hashable, Sendable, Codable {
  /// On one text.
  public struct OnText: Hashable, Sendable, Codable {
    public let files: [String]
    public let tokens: Int
    public let perplexity, wholePerplexity: Double
    public let bitsPerByte: Double?
    /// Of the forecasts from the uncompressed network's, in nats: the mean, and what 999 of 1,000 do not exceed. These and the
    /// perplexities are NaN where the setting gives scores that are no numbers.
    public let divergence, divergence999: Double
    /// The share of tokens for which both foretell the same one first.
    public let agreement: Double

    /// - Parameter evaluation: nil where scores are no numbers.
    init(files: [String], tokens: Int, _ evaluation: LanguageEvaluation?) {
      (self.files, self.tokens) = (files, tokens)
      (perplexity, bitsPerByte) = (evaluation?.score.perplexity ?? .nan, evaluation?.score.bitsPerByte)
      wholePerplexity = evaluation?.reference?.perplexity ?? .nan
      divergence = evaluation?.divergence?.mean ?? .nan
      divergence999 = evaluation?.divergence?.quantile999 ?? .nan
      agreement = evaluation?.divergence?.top1Agreement ?? .nan
    }
  }

  /// Of network and texts.
  public let identity: String
  /// Of all layers, grids counted; those of grids; and the share of the bytes in 16 bits.
  public let bytesPerToken, gridBytesPerToken, share: Double
  public let texts: [OnText]
  /// For choosing ranks and bits and making the network, and for judging it.
  public let planSeconds, evaluationSeconds: Double
  public let setting: KeyValueSetting
}

/// Results of settings, in a file of JSON lines.
final class KeyValueResults {
  private var known: [KeyValueSetting: KeyValueResult] = [:]
  private let lines: LockedLines<KeyValueResult>

  /// - Throws: ``KeyValueComparisonError`` for results of another network or other texts, `RunError` for a file that holds
  ///   something else or cannot be written.
  init(_ file: URL, identity: String) throws {
    try makeFolder(file.deletingLastPathComponent())
    lines = try LockedLines(file, of: "result")
    for result in lines.found {
      guard result.identity == identity else { throw KeyValueComparisonError.others(file.path) }
      known[result.setting] = result
    }
  }

  subscript(setting: KeyValueSetting) -> KeyValueResult? { known[setting] }

  func append(_ result: KeyValueResult) throws {
    known[result.setting] = result
    try lines.append(result)
  }

  /// Whether the file holds results.
  static func isResults(at path: String) -> Bool {
    JSONLines.first(of: path).map { (try? JSONLines.decode(KeyValueResult.self, from: $0)) != nil } ?? false
  }
}

/// Results in the order of a recipe.
public struct KeyValueComparisonTable: Encodable, CustomStringConvertible {
  public let results: [KeyValueResult]

  init(_ results: [KeyValueResult]) { self.results = results }

  public var description: String {
    let texts = results.first?.texts ?? []
    var table = Table(
      columns: [.text("setting"), .number("bytes a token"), .number("of 16 bits")]
        + texts.flatMap { text in
          [.number("perplexity \(text.files.joined(separator: " + "))"), .number("KL"), .number("same first")]
        })
    if !texts.isEmpty {
      let whole = texts.indices.map { place in
        results.lazy.map { $0.texts[place].wholePerplexity }.first { !$0.isNaN } ?? .nan
      }
      table.append(["as it is", "", "1.0000"] + whole.flatMap { [$0.text(decimals: 3), "0", "100 %"] })
    }
    for result in results {
      table.append(
        ["\(result.setting)", result.bytesPerToken.text(decimals: 0), result.share.text(decimals: 4)]
          + result.texts.flatMap { text in
            [
              text.perplexity.text(decimals: 3), text.divergence.text(decimals: 5),
              (100 * text.agreement).text(decimals: 1) + " %",
            ]
          })
    }
    return table.text
  }
}

/// Why settings are not compared.
public enum KeyValueComparisonError: Error, Hashable, Sendable, CustomStringConvertible {
  case others(String)
  case setting(String, reason: String)

  public var description: String {
    switch self {
    case .others(let path):
      "\(path) holds results of another network or other texts: choose another --out, or remove it"
    case .setting(let setting, let reason): "the setting “\(setting)” cannot be judged: \(reason)"
    }
  }
}
