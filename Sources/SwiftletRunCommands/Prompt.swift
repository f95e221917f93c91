import SwiftletFiles
import SwiftletTerminal

/// Texts of whoever uses a model: a prompt, or messages line by line.
enum Prompt {
  /// - Parameter argument: the prompt, or `-`, which reads standard input; one end of line at its end is left out.
  static func text(of argument: String) throws(PromptError) -> String {
    guard argument == "-" else { return argument }
    let bytes: [UInt8]
    do { bytes = try .standardInput() } catch { throw .unreadable(error) }
    guard let text = text(of: bytes[...]) else { throw .noText(line: nil) }
    return text
  }

  /// The lines of standard input, each when it is there.
  struct Lines {
    private var input = LineInput()
    private var number = 0

    /// The next line, without its end; nil at the end.
    mutating func next() throws(PromptError) -> String? {
      let line: ArraySlice<UInt8>?
      do { line = try input.next() } catch { throw .unreadable(error) }
      guard let line else { return nil }
      number += 1
      guard let text = Prompt.text(of: line) else { throw .noText(line: number) }
      return text
    }
  }

  private static func text(of bytes: ArraySlice<UInt8>) -> String? {
    var bytes = bytes
    if bytes.last == UInt8(ascii: "\n") { bytes = bytes.dropLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// Why standard input is no prompt.
enum PromptError: ExitStatusError, Hashable, CustomStringConvertible {
  case unreadable(FileError)
  /// Counted from 1; nil where the input is read as a whole.
  case noText(line: Int?)

  var description: String {
    switch self {
    case .unreadable(let error): "standard input \(error)"
    case .noText(let line): "\(line.map { "line \($0) of " } ?? "")standard input is no text in UTF-8"
    }
  }

  var exitStatus: Int32 { ExitStatus.noInput }
}
