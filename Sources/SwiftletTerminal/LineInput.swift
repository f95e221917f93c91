import SwiftletFiles

/// Standard input, line by line as it comes, byte for byte.
package struct LineInput {
  private let descriptor: Int32
  private var waiting: [UInt8] = []
  private var isAtEnd = false

  package init() { self.init(descriptor: STDIN_FILENO) }

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Whether somebody types.
  package static var isTyped: Bool { isatty(STDIN_FILENO) != 0 }

  /// The next line with its end, which the last one may lack; nil behind it.
  package mutating func next() throws(FileError) -> ArraySlice<UInt8>? {
    var searched = 0
    while true {
      if let end = waiting[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = waiting[...end]
        waiting = Array(waiting[(end + 1)...])
        return line
      }
      searched = waiting.count
      if isAtEnd {
        defer { waiting = [] }
        return waiting.isEmpty ? nil : waiting[...]
      }
      try fill()
    }
  }

  private mutating func fill() throws(FileError) {
    var failure: Int32 = 0
    let part = [UInt8](unsafeUninitializedCapacity: 1 << 12) { buffer, count in
      count = 0
      var got = -1
      repeat { got = read(descriptor, buffer.baseAddress, buffer.count) } while got < 0 && errno == EINTR
      if got < 0 { failure = errno } else { count = got }
    }
    if failure != 0 { throw .unreadable(.read, code: failure) }
    isAtEnd = part.isEmpty
    waiting += part
  }
}
