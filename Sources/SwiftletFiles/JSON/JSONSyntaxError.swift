/// Where a text stops being JSON, and why.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from the first byte of the text.
  public let byte: Int
  public let problem: String

  public var description: String { "it is not JSON: at byte \(byte), \(problem)" }
}

extension FileError {
  /// A file, or a part of one, that should be JSON.
  package init(_ error: JSONSyntaxError) {
    self = .damaged("its JSON is wrong at byte \(error.byte), \(error.problem)")
  }
}
