import Foundation
import SwiftletFiles
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(Array("old".utf8), to: "file")
  }

  private func text() throws -> String {
    String(decoding: try Data(contentsOf: folder.url.appending(path: "file")), as: UTF8.self)
  }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.url.path) }

  @Test func `the file appears whole, when it is put in its place`() throws {
    let file = try AtomicFile(replacing: folder.path("file"))
    try file.write(Array("new ".utf8))
    try file.write([])
    try file.write(Array("text".utf8))
    #expect(try file.position == 8 && text() == "old" && names().count == 2)
    try file.commit()
    #expect(try text() == "new text" && names() == ["file"])
  }

  @Test func `a file that is given up leaves nothing`() throws {
    do {
      let file = try AtomicFile(replacing: folder.path("file"))
      try file.write([1])
    }
    #expect(try text() == "old" && names() == ["file"])
  }

  @Test func `a folder that is missing is an error`() {
    #expect(throws: FileError.unwritable(.create, code: ENOENT)) { try AtomicFile(replacing: "/nowhere/file") }
    #expect(FileError.unwritable(.create, code: ENOENT).description == "cannot be created: No such file or directory")
  }

  @Test func `a disk that fills up leaves the old file`() throws {
    do {
      var calls = 0
      let file = try AtomicFile(replacing: folder.path("file")) { descriptor, bytes in
        calls += 1
        if calls == 1 { return AtomicFile.systemWrite(descriptor, bytes) }
        errno = ENOSPC
        return -1
      }
      try file.write([1, 2])
      #expect(throws: FileError.unwritable(.write, code: ENOSPC)) { try file.write([3, 4]) }
    }
    #expect(try text() == "old" && names() == ["file"])
  }

  @Test func `writes that are interrupted or partial go on`() throws {
    var calls = 0
    let file = try AtomicFile(replacing: folder.path("file")) { descriptor, bytes in
      calls += 1
      if calls % 2 == 1 {
        errno = EINTR
        return -1
      }
      return AtomicFile.systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(2)))
    }
    try file.write(Array("piecemeal".utf8))
    try file.commit()
    #expect(try text() == "piecemeal" && calls == 10)
  }

  @Test func `a place that is taken by a folder is an error`() throws {
    try folder.write([1], to: "taken/file")
    let file = try AtomicFile(replacing: folder.path("taken"))
    let error = #expect(throws: FileError.self) { try file.commit() }
    #expect(error?.description.hasPrefix("cannot be put in its place: ") == true)
    #expect(try names().sorted() == ["file", "taken"])
  }
}
