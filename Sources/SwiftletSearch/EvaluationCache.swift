import Foundation
import SwiftletFiles
import SwiftletPlans
import SwiftletTraining

/// Scores that were measured before, in a file of JSON lines: a repeated or resumed search measures nothing twice.
///
/// The key names plan, weights, data and settings, so that one file serves every search in a folder.
/// ```json
/// {"correct":4391,"images":5000,"key":"…","loss":0.4123}
/// ```
public final class EvaluationCache<Score: PlanScore> {
  private struct Line: Codable {
    private enum Key: String, CodingKey { case key }

    let key: String
    let score: Score

    init(key: String, score: Score) { (self.key, self.score) = (key, score) }

    init(from decoder: any Decoder) throws {
      key = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .key)
      score = try Score(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
      try score.encode(to: encoder)
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(key, forKey: .key)
    }
  }

  private var known: [String: Score] = [:]
  private let lines: LockedLines<Line>

  /// Opens the file, or begins one.
  ///
  /// - Throws: `RunError` if the file cannot be written, holds something else, or another search writes it.
  public init(_ file: URL) throws {
    lines = try LockedLines(file, of: "evaluation")
    for entry in lines.found { known[entry.key] = entry.score }
  }

  public var file: URL { lines.file }

  /// Whether the file holds evaluations.
  static func isCache(at path: String) -> Bool {
    JSONLines.first(of: path).map { (try? JSONLines.decode(Line.self, from: $0)) != nil } ?? false
  }

  public subscript(key: String) -> Score? { known[key] }

  public func store(_ score: Score, for key: String) throws {
    known[key] = score
    try lines.append(Line(key: key, score: score))
  }
}
