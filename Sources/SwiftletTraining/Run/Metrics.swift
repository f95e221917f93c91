import Foundation
import SwiftletPlans

/// One line of `metrics.jsonl`: what was measured at a step, or after an epoch.
public struct Metrics: Codable, Hashable, Sendable {
  /// Optimiser steps taken so far.
  public var step: Int
  /// Epochs completed so far, fractions included.
  public var epoch: Double
  /// The mean training loss since the previous line of its kind.
  public var loss: Double
  public var learningRate: Double
  /// The 2-norm of all gradients at this step, before clipping.
  public var gradientNorm: Double?
  /// Training speed since the previous line, data loading included.
  public var imagesPerSecond: Double?
  /// Mean cross-entropy on the search split; only after an epoch.
  public var validationLoss: Double?
  /// Share of right answers on the search split, 0...1; only after an epoch.
  public var validationAccuracy: Double?
  /// The same share for subnets of a supernet, by name: `dense`, `2:4`; only after an epoch.
  public var subnets: [String: Double]?
  /// Seconds of training so far, over all sessions of the run.
  public var seconds: Double
}

/// Appends `Metrics` to a file, one JSON object a line.
final class MetricsLog {
  let file: URL
  private let handle: FileHandle

  /// Opens the file and keeps its lines up to `step`, so that a resumed run does not write a step twice.
  ///
  /// - Throws: `RunError` if the file cannot be written or holds a line that is not `Metrics`.
  init(file: URL, keepingUpTo step: Int) throws {
    self.file = file
    do {
      let lines = try Self.read(file).filter { $0.step <= step }
      try Data(lines.map { try Self.line($0) }.joined()).write(to: file, options: .atomic)
      handle = try FileHandle(forWritingTo: file)
      try handle.seekToEnd()
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  deinit { try? handle.close() }

  func append(_ metrics: Metrics) throws {
    do {
      try handle.write(contentsOf: Self.line(metrics))
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  /// The lines of a metrics file; none if there is no file. A last line that was cut off is left out.
  static func read(_ file: URL) throws -> [Metrics] {
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    let contents = try Data(contentsOf: file)
    let complete = contents.prefix(through: contents.lastIndex(of: newline) ?? contents.startIndex - 1)
    return try complete.split(separator: newline).enumerated().map { index, line in
      do {
        return try JSONDecoder().decode(Metrics.self, from: line)
      } catch {
        throw RunError.damaged(file, problem: "line \(index + 1) is not a metrics object")
      }
    }
  }

  private static let newline = UInt8(ascii: "\n")

  private static func line(_ metrics: Metrics) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(metrics) + [newline]
  }
}
