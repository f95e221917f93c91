import Synchronization

/// Standard output or standard error, written line by line and without a buffer of its own.
///
/// Whoever reads the other end of a pipe gets each line when it is printed, and whole: a signal that ends the process comes
/// before a line or after it.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes the text.
  ///
  /// - Throws: `FileError.unwritable`: the disk is full, the stream is closed, or with `EPIPE` nobody reads it any more.
  public func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

  /// Writes bytes, which need not be text.
  public func write(_ bytes: [UInt8]) throws(FileError) { try LineWriter(descriptor: rawValue).write(bytes) }
}

/// Writes text to a descriptor without cutting a line.
struct LineWriter {
  let descriptor: Int32
  /// What a pipe takes whole or not at all; POSIX asks for 512, Linux gives this.
  static let atomicCount = 4096

  func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // As many whole lines as go at once; a longer line goes alone.
      let end = rest.prefix(Self.atomicCount).lastIndex(of: Self.newline) ?? rest.firstIndex(of: Self.newline)
      let lines = end.map { rest[...$0] } ?? rest
      rest = rest[lines.endIndex...]
      let failure = lines.count > Self.atomicCount ? HeldSignals.during { send(lines) } : send(lines)
      if let failure { throw failure }
    }
  }

  private static let newline = UInt8(ascii: "\n")

  private func send(_ bytes: ArraySlice<UInt8>) -> FileError? {
    bytes.withUnsafeBytes { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while !rest.isEmpty {
        let count = AtomicFile.systemWrite(descriptor, rest)
        if count < 0 && errno == EAGAIN {
          // Somebody made the pipe non-blocking, as some shells and supervisors do: wait as a blocking one would.
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&wait, 1, -1)
          continue
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return .unwritable(.write, code: count < 0 ? errno : EIO) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return nil
    }
  }
}

private let heldSignal = Atomic<Int32>(0)

private func hold(_ number: Int32) {
  heldSignal.store(number, ordering: .relaxed)
  // The second one ends the process at once.
  signal(number, SIG_DFL)
}

/// Signals that would end the process, put off while something is done that must not be left half done.
enum HeldSignals {
  static let numbers = [SIGINT, SIGTERM, SIGHUP]

  /// Only signals whose effect is the system's own wait: what the program handles or ignores cuts nothing.
  static func during<Result>(_ body: () -> Result) -> Result {
    heldSignal.store(0, ordering: .relaxed)
    var held: [Int32] = []
    for number in numbers {
      let old = signal(number, hold)
      if isDefault(old) { held.append(number) } else { signal(number, old) }
    }
    let result = body()
    for number in held { signal(number, SIG_DFL) }
    let number = heldSignal.load(ordering: .relaxed)
    if number != 0 { raise(number) }
    return result
  }

  private static func isDefault(_ handler: sighandler_t?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_DFL, to: Int.self)
  }
}
