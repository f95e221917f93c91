import SwiftletFiles
import SwiftletRuntime

/// One run of a model as browsers' trace viewers show it, such as `chrome://tracing` and Perfetto: a row a thread, a bar
/// for each stretch of tiles that it took.
///
/// Source: "Trace Event Format", complete events (`"ph": "X"`), times in microseconds.
public struct TraceFile: Hashable, Sendable, Codable {
  struct Event: Hashable, Sendable, Codable {
    var name, cat, ph: String
    var ts, dur: Double
    var pid = 1
    var tid: Int
    var args: [String: String]
  }

  var traceEvents: [Event]
  var displayTimeUnit = "ms"
  /// Tells these files from others, so that one may be replaced.
  var otherData: [String: String]

  static let writer = "swiftlet"

  /// Runs a session on random inputs, a few times to warm up and once for the file.
  public init(of session: Session, batch: Int) throws(SessionError) {
    let graph = session.model.graph
    let spans = try session.trace(session.randomInputs(batch: batch))
    traceEvents = spans.map { span in
      var details = ["tiles": "\(span.tiles)"]
      details["kernel"] = span.kernel
      return Event(
        name: span.node, cat: span.operation, ph: "X", ts: span.startMicroseconds, dur: span.microseconds,
        tid: span.thread, args: details)
    }
    otherData = [
      "writer": Self.writer, "model": graph.name, "batch": "\(batch)",
      "machine": Machine.description(threads: session.threads),
    ]
  }

  /// - Throws: `FileError` where the file cannot be written; what was there stays then.
  public func write(to path: String) throws {
    try AtomicFile.write(StrictJSON.encode(self), replacing: path)
  }

  /// What a command is about to write: only an older trace of ours is replaced.
  public static func output(_ path: String) -> PlannedOutput {
    PlannedOutput(path, kind: "a trace of swiftlet bench") { isTrace(at: $0) }
  }

  static func isTrace(at path: String) -> Bool {
    guard let file = try? MappedFile(path: path) else { return false }
    let trace = try? StrictJSON.decode(TraceFile.self, from: Array(file.bytes))
    return trace?.otherData["writer"] == writer
  }
}
