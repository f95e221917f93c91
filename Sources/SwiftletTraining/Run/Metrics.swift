import Foundation
import SwiftletFiles
import SwiftletPlans

/// One line of `metrics.jsonl`: what was measured at a step, or after an epoch.
public struct Metrics: Hashable, Sendable {
  /// Optimiser steps taken so far.
  public var step: Int
  /// Epochs completed so far, fractions included.
  public var epoch: Double
  /// The mean training loss since the previous line of its kind; of a task with several losses, their sum.
  public var loss: Double
  /// The mean of each loss, by name, where a step has several.
  public var losses: [String: Double]?
  public var learningRate: Double
  /// The 2-norm of all gradients at this step, before clipping.
  public var gradientNorm: Double?
  /// What samples are called.
  public var samples = "samples"
  /// Training speed since the previous line, data loading included. In a file it is named after ``samples``, such as
  /// `imagesPerSecond`.
  public var samplesPerSecond: Double?
  /// The task's metrics on the search split, by name; only after an epoch. In a file `loss` is `validationLoss`.
  public var validation: [String: Double] = [:]
  /// The ranking metric of subnets of a supernet, by name: `dense`, `2:4`; only after an epoch.
  public var subnets: [String: Double]?
  /// Seconds of training so far, over all sessions of the run.
  public var seconds: Double
}

/// What has metrics of a classifier.
extension Metrics {
  /// Mean cross-entropy on the search split.
  public var validationLoss: Double? { validation["loss"] }
  /// Share of right answers on the search split, 0...1.
  public var validationAccuracy: Double? { validation["accuracy"] }
}

extension TrainingResult {
  /// On the search split after the last epoch.
  public var validationLoss: Double? { validation["loss"] }
  public var validationAccuracy: Double? { validation["accuracy"] }
}

extension Metrics: Codable {
  private enum Key: String, CodingKey { case step, epoch, loss, losses, learningRate, gradientNorm, subnets, seconds }

  private static let speed = "PerSecond"

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    step = try values.decode(Int.self, forKey: .step)
    epoch = try values.decode(Double.self, forKey: .epoch)
    loss = try values.decode(Double.self, forKey: .loss)
    losses = try values.decodeIfPresent([String: Double].self, forKey: .losses)
    learningRate = try values.decode(Double.self, forKey: .learningRate)
    gradientNorm = try values.decodeIfPresent(Double.self, forKey: .gradientNorm)
    subnets = try values.decodeIfPresent([String: Double].self, forKey: .subnets)
    seconds = try values.decode(Double.self, forKey: .seconds)
    validation = try decoder.validation()
    let others = try decoder.container(keyedBy: RecipeName.self)
    if let key = others.allKeys.first(where: { $0.stringValue.hasSuffix(Self.speed) }) {
      samples = String(key.stringValue.dropLast(Self.speed.count))
      samplesPerSecond = try others.decode(Double.self, forKey: key)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(step, forKey: .step)
    try values.encode(epoch, forKey: .epoch)
    try values.encode(loss, forKey: .loss)
    try values.encodeIfPresent(losses, forKey: .losses)
    try values.encode(learningRate, forKey: .learningRate)
    try values.encodeIfPresent(gradientNorm, forKey: .gradientNorm)
    try values.encodeIfPresent(subnets, forKey: .subnets)
    try values.encode(seconds, forKey: .seconds)
    try encoder.encodeValidation(validation)
    var others = encoder.container(keyedBy: RecipeName.self)
    try others.encodeIfPresent(samplesPerSecond, forKey: RecipeName(samples + Self.speed))
  }
}

/// Metrics of the search split stand beside others as `validationLoss`, `validationAccuracy` and so on.
extension Encoder {
  func encodeValidation(_ metrics: [String: Double]) throws {
    var container = container(keyedBy: RecipeName.self)
    for (name, value) in metrics {
      try container.encode(value, forKey: RecipeName("validation" + name.prefix(1).uppercased() + name.dropFirst()))
    }
  }
}

extension Decoder {
  fileprivate func validation() throws -> [String: Double] {
    let container = try container(keyedBy: RecipeName.self)
    var metrics: [String: Double] = [:]
    for key in container.allKeys where key.stringValue.hasPrefix("validation") {
      let name = key.stringValue.dropFirst("validation".count)
      metrics[name.prefix(1).lowercased() + name.dropFirst()] = try container.decode(Double.self, forKey: key)
    }
    return metrics
  }
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
