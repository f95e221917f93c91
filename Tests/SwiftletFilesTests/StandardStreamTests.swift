import Foundation
import Testing

@testable import SwiftletFiles

@Suite struct StandardStreamTests {
  /// Each write to a pipe, as its reader finds it.
  private func writes(of text: String) throws -> [String] {
    var ends: [Int32] = [0, 0]
    // Packets keep the writes apart.
    #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
    try LineWriter(descriptor: ends[0]).write(text)
    close(ends[0])
    defer { close(ends[1]) }
    var found: [String] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = read(ends[1], &buffer, buffer.count)
      guard count > 0 else { return found }
      found.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }

  @Test func `lines are written whole, as many as a pipe takes at once`() throws {
    #expect(try writes(of: "") == [])
    #expect(try writes(of: "one\n") == ["one\n"])
    #expect(try writes(of: "one\ntwo\nrest") == ["one\ntwo\n", "rest"])
    let line = String(repeating: "x", count: 1999) + "\n"
    #expect(try writes(of: line + line + line) == [line + line, line])
    let long = String(repeating: "y", count: 50_000) + "\n"
    #expect(try writes(of: "one\n" + long + "two\n") == ["one\n", long, "two\n"])
  }

  @Test func `a full disk and a reader that has left are errors`() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    #expect(throws: FileError.unwritable(.write, code: ENOSPC)) { try LineWriter(descriptor: full).write("text\n") }
    #expect(throws: FileError.unwritable(.write, code: EBADF)) { try LineWriter(descriptor: 12345).write("text\n") }
  }

  @Test func `a pipe that does not block is waited for`() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let writer = ends[1]
    #expect(fcntl(writer, F_SETFL, O_NONBLOCK) == 0)
    let text = String(repeating: "z", count: 300_000) + "\n"
    Thread {
      try? LineWriter(descriptor: writer).write(text)
      close(writer)
    }.start()
    let found = try FileHandle(fileDescriptor: ends[0], closeOnDealloc: true).readToEnd() ?? Data()
    #expect(String(decoding: found, as: UTF8.self) == text)
  }

  @Test func `signals that the program handles or ignores are left to it`() {
    let before = signal(SIGHUP, SIG_IGN)
    defer { signal(SIGHUP, before) }
    let result = HeldSignals.during {
      raise(SIGHUP)
      return 7
    }
    #expect(result == 7)
    let after = signal(SIGHUP, SIG_IGN)
    #expect(unsafeBitCast(after, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self))
  }
}
