import Foundation

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

  /// Makes the directory and takes it for this process alone, unless it holds a run that is not to be resumed.
  ///
  /// - Throws: `RunError.runExists`, `.nothingToResume`, `.inUse` or `.cannotWrite`.
  /// - Parameter lock: the directory's, where the caller has it already.
  func prepare(resuming: Bool, holding lock: RunLock? = nil) throws -> RunLock {
    try check(resuming: resuming)
    let lock = try lock ?? RunLock(url)
    // Another run may have begun, or come to an end, in between.
    try check(resuming: resuming)
    return lock
  }

  private func check(resuming: Bool) throws {
    let holdsRun = FileManager.default.fileExists(atPath: checkpoint.path)
    if holdsRun && !resuming { throw RunError.runExists(url) }
    if !holdsRun && resuming { throw RunError.nothingToResume(url) }
  }
}
