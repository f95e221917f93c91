import Foundation
import SwiftletFiles
import TestSupport
import Testing

@Suite struct FileContentsTests {
  @Test func `a file that need not be there is its bytes, or nil`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "file")
    #expect(try [UInt8](ifThere: FileName(folder.path("file"))) == [1, 2, 3])
    #expect(try [UInt8](ifThere: FileName(folder.path("none"))) == nil)
    // What is there and cannot be read is not taken for missing.
    #expect(throws: FileError.notRegular) { try [UInt8](ifThere: FileName(folder.url.path)) }
    #expect(throws: FileError.unreadable(.open, code: ENOTDIR)) {
      try [UInt8](ifThere: FileName(folder.path("file/none")))
    }
  }
}
