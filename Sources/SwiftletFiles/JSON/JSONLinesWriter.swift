/// Appends values to a file of JSON lines; each line reaches the system whole before the next begins.
public final class JSONLinesWriter {
  private let descriptor: Int32

  /// Goes on behind the last whole line of a file, or begins one; what an interruption left of a line is cut off.
  ///
  /// - Throws: `FileError`.
  public init(continuing path: String) throws(FileError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(.open, code: errno) }
    let content = try [UInt8](contentsOf: FileName(path))
    let end = content.lastIndex(of: JSONLines.newline).map { $0 + 1 } ?? 0
    guard end == content.count || ftruncate(descriptor, off_t(end)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
      throw .unwritable(.write, code: errno)
    }
  }

  /// Puts a file with these lines, whole or not at all, in the place of what was there, and goes on behind them.
  ///
  /// - Throws: `FileError`, or `EncodingError`.
  public convenience init(replacing path: String, with values: [some Encodable]) throws {
    try AtomicFile.write(values.flatMap { try JSONLines.line($0) }, replacing: path)
    try self.init(continuing: path)
  }

  deinit { close(descriptor) }

  /// - Throws: `FileError`, or `EncodingError`.
  public func append(_ value: some Encodable) throws {
    let line = try JSONLines.line(value)
    try line.withUnsafeBytes { try AtomicFile.write($0, to: descriptor) }
  }
}
