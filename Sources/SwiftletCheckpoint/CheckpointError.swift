/// A checkpoint that cannot be read or written: which file, what is wrong, and what to do where that helps.
public struct CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Cause: Hashable, Sendable {
    /// The file cannot be opened or mapped.
    case unreadable
    /// The file cannot be written; what was there before is untouched.
    case unwritable
    /// The content is none of the known formats.
    case unknownFormat
    /// The file ends before what it announces.
    case truncated
    /// The file contradicts itself or its format.
    case damaged
    /// The file is sound, but uses something that Swiftlet does not read or write.
    case unsupported
    /// The file is sound, but its parameters are not those that are asked for.
    case mismatch
  }

  public let cause: Cause
  public let message: String
  /// The file, or empty where there is none.
  public var path = ""

  public init(_ cause: Cause, _ message: String, path: String = "") {
    (self.cause, self.message, self.path) = (cause, message, path)
  }

  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// Runs `body` and writes the file's name into its errors.
func naming<Result>(_ path: String, _ body: () throws(CheckpointError) -> Result) throws(CheckpointError) -> Result {
  do {
    return try body()
  } catch {
    var named = error
    if named.path.isEmpty { named.path = path }
    throw named
  }
}
