import Foundation
import SwiftletFiles
import TestSupport
import Testing

@Suite struct MappedFileTests {
  @Test func `a file's bytes are read`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3, 0xFF], to: "file")
    let file = try MappedFile(path: folder.path("file"))
    #expect(Array(file.bytes) == [1, 2, 3, 0xFF])
    #expect(file.bytes.little(UInt16.self, at: 2) == 0xFF03 && file.bytes.big(UInt16.self, at: 1) == 0x0203)
    try folder.write([], to: "empty")
    #expect(try MappedFile(path: folder.path("empty")).bytes.isEmpty)
  }

  @Test func `a copy starts where any element may lie`() {
    for count in [0, 1, 63, 1000] {
      let copy = MappedFile(copying: [UInt8](repeating: 7, count: count))
      #expect(copy.bytes.count == count && copy.bytes.allSatisfy { $0 == 7 })
      #expect(Int(bitPattern: copy.bytes.baseAddress) % 64 == 0)
    }
  }

  @Test func `changes stay in memory`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "file")
    let changed = try MappedFile(path: folder.path("file"), access: .copyOnWrite)
    changed.writableBytes[1] = 9
    #expect(Array(changed.bytes) == [1, 9, 3])
    #expect(try Data(contentsOf: folder.url.appending(path: "file")) == Data([1, 2, 3]))
  }

  @Test func `a file mapped for reading cannot be changed`() async throws {
    await #expect(processExitsWith: .failure) {
      let folder = try TemporaryFolder()
      try folder.write([1], to: "file")
      try MappedFile(path: folder.path("file")).writableBytes[0] = 2
    }
  }

  @Test func `what cannot be read says why`() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: FileError.self) { try MappedFile(path: "/nowhere/file") }
    #expect(missing?.isMissing == true && missing?.description == "cannot be opened: No such file or directory")
    #expect(throws: FileError.notRegular) { try MappedFile(path: folder.url.path) }
    let pipe = folder.url.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: FileError.notRegular) { try MappedFile(path: pipe) }
    #expect(FileError.notRegular.description == "is not a regular file")
  }
}
