import Foundation
import SwiftletCompression

/// The files of one run.
public struct RunDirectory: Hashable, Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// The resolved recipe.
  public var recipe: URL { url.appending(path: "recipe.yaml") }
  /// One `Metrics` object a line.
  public var metrics: URL { url.appending(path: "metrics.jsonl") }
  /// Everything needed to go on.
  public var checkpoint: URL { url.appending(path: "checkpoint.safetensors") }
  /// The trained weights, for evaluation, compression and export.
  public var model: URL { url.appending(path: "model.safetensors") }

  /// The run's metrics so far, in their order; none before its first line.
  ///
  /// - Throws: `RunError.damaged` at a line that holds something else.
  public func readMetrics() throws -> [Metrics] { try MetricsLog.read(metrics) }

  /// Makes the directory, unless it holds a run that is not to be resumed.
  ///
  /// - Throws: `RunError.runExists`, `.nothingToResume` or `.cannotWrite`.
  func prepare(resuming: Bool) throws {
    let manager = FileManager.default
    let holdsRun = manager.fileExists(atPath: checkpoint.path)
    if holdsRun && !resuming { throw RunError.runExists(url) }
    if !holdsRun && resuming { throw RunError.nothingToResume(url) }
    do {
      try manager.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw RunError.cannotWrite(url, reason: reason(of: error))
    }
  }
}
