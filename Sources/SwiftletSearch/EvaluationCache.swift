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

  public let file: URL
  private var known: [String: Score] = [:]
  private let lines: JSONLinesWriter
  /// Two searches that write at once would cut each other's lines.
  private let lock: FileLock?

  /// Opens the file, or begins one. A last line that an interruption cut short is left out.
  ///
  /// - Throws: `RunError` if the file cannot be written, holds something else, or another search writes it.
  public init(_ file: URL) throws {
    self.file = file
    let manager = FileManager.default
    if !manager.fileExists(atPath: file.path), !manager.createFile(atPath: file.path, contents: nil) {
      throw RunError.cannotWrite(file, reason: String(cString: strerror(errno)))
    }
    switch FileLock.take(file.path) {
    case .held(let lock): self.lock = lock
    case .inUse: throw RunError.inUse(file)
    case .unavailable: lock = nil
    }
    do {
      for entry in try JSONLines.read(Line.self, from: file.path) {
        known[entry.key] = entry.score
      }
      lines = try JSONLinesWriter(continuing: file.path)
    } catch let error as JSONLines.Malformed {
      throw RunError.damaged(file, problem: "line \(error.line) is no evaluation; remove the file to begin anew")
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  /// Whether the file holds evaluations.
  static func isCache(at path: String) -> Bool {
    JSONLines.first(of: path).map { (try? JSONLines.decode(Line.self, from: $0)) != nil } ?? false
  }

  public subscript(key: String) -> Score? { known[key] }

  public func store(_ score: Score, for key: String) throws {
    known[key] = score
    do { try lines.append(Line(key: key, score: score)) } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }
}
