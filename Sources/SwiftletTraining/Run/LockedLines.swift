import Foundation
import SwiftletFiles
import SwiftletPlans

/// A file of JSON lines that one process at a time goes on with: what was measured before, and what is measured now.
public final class LockedLines<Line: Codable> {
  public let file: URL
  /// Those that were there; a last one that an interruption cut short is left out.
  public let found: [Line]
  private let writer: JSONLinesWriter
  /// Two that write at once would cut each other's lines.
  private let lock: FileLock?

  /// Opens the file, or begins one.
  ///
  /// - Parameter kind: what a line is, such as `evaluation`.
  /// - Throws: `RunError` if the file cannot be written, holds something else, or another process writes it.
  public init(_ file: URL, of kind: String) throws(RunError) {
    self.file = file
    do {
      if !FileManager.default.fileExists(atPath: file.path) { try AtomicFile.write([], replacing: file.path) }
      switch FileLock.take(file.path) {
      case .held(let lock): self.lock = lock
      case .inUse: throw RunError.inUse(file)
      case .unavailable: lock = nil
      }
      found = try JSONLines.read(Line.self, from: file.path)
      writer = try JSONLinesWriter(continuing: file.path)
    } catch let error as RunError {
      throw error
    } catch let error as JSONLines.Malformed {
      throw .damaged(file, problem: "line \(error.line) is no \(kind); remove the file to begin anew")
    } catch {
      throw .cannotWrite(file, reason: reason(of: error))
    }
  }

  /// - Throws: `RunError.cannotWrite`.
  public func append(_ line: Line) throws(RunError) {
    do { try writer.append(line) } catch { throw .cannotWrite(file, reason: reason(of: error)) }
  }
}
