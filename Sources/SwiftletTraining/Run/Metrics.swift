import Foundation
import SwiftletFiles
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
  private let lines: JSONLinesWriter

  /// Opens the file and keeps its lines up to `step`, so that a resumed run does not write a step twice.
  ///
  /// - Throws: `RunError` if the file cannot be written or holds a line that is not `Metrics`.
  init(file: URL, keepingUpTo step: Int) throws {
    self.file = file
    do {
      lines = try JSONLinesWriter(replacing: file.path, with: Self.read(file).filter { $0.step <= step })
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  func append(_ metrics: Metrics) throws {
    do { try lines.append(metrics) } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  /// The lines of a metrics file; none if there is no file. A last line that was cut off is left out.
  static func read(_ file: URL) throws -> [Metrics] {
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    do {
      return try JSONLines.read(Metrics.self, from: file.path)
    } catch let error as JSONLines.Malformed {
      throw RunError.damaged(file, problem: "line \(error.line) is not a metrics object")
    }
  }
}
