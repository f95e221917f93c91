import SwiftletFiles

/// Where a command's result goes: what cannot be written is an error, and so is the end of the command.
package enum StandardOutput {
  /// Prints a value's text and ends the line.
  package static func print(_ value: some CustomStringConvertible) throws(StandardOutputError) {
    do { try StandardStream.output.write("\(value)\n") } catch { throw StandardOutputError(cause: error) }
  }

  /// Writes bytes as they are.
  package static func write(_ bytes: [UInt8]) throws(StandardOutputError) {
    do { try StandardStream.output.write(bytes) } catch { throw StandardOutputError(cause: error) }
  }

  /// Brings everything out, what was printed past this type included, and closes the stream: some disks say only then
  /// that they are full.
  package static func finish() throws(StandardOutputError) {
    let flushed = fflush(nil)
    let code = errno
    guard flushed == 0 else { throw StandardOutputError(cause: .unwritable(.write, code: code)) }
    guard close(STDOUT_FILENO) == 0 else { throw StandardOutputError(cause: .unwritable(.write, code: errno)) }
  }
}

/// Standard output takes nothing more.
package struct StandardOutputError: Error, CustomStringConvertible {
  package let cause: FileError

  /// Nobody reads any more, as after `| head`: no failure of the command.
  package var isReaderGone: Bool { cause == .unwritable(.write, code: EPIPE) }

  package var description: String { "standard output \(cause)" }
}

/// Prints a line on standard error; control characters, which a file's name may hold, are spelled out.
package func printToStandardError(_ line: String) {
  // Nothing is left to tell it to.
  try? StandardStream.error.write(line.spelledOut + "\n")
}

extension String {
  /// With `\n` for a line break, so that one sentence stays one line and moves no cursor.
  package var spelledOut: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

/// One JSON object a line, keys sorted; numbers that are none are the texts `inf`, `-inf` and `nan`.
package func printJSON(_ value: some Encodable, pretty: Bool = false) throws {
  let json = try StrictJSON.encode(value, nonFinite: .asText, pretty: pretty)
  try StandardOutput.print(String(decoding: json, as: UTF8.self))
}
