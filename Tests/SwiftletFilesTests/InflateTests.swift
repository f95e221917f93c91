import Foundation
import SwiftletFiles
import Testing

@Suite struct InflateTests {
  /// Python's `gzip.compress(b"swiftlet " * 40, mtime=0)`.
  private let file = [UInt8](
    Data(base64Encoded: "H4sIAAAAAAACAysuz0wryUktUSgeZdCSAQBgvBFdaAEAAA==") ?? Data())

  @Test func `gzip data inflates to what was compressed`() throws {
    let content = try file.withUnsafeBytes { try Inflate.gunzip($0) }
    #expect(content == Array(String(repeating: "swiftlet ", count: 40).utf8))
  }

  @Test func `the deflate data inside inflates alone`() throws {
    let content = try file[10..<file.count - 8].withUnsafeBytes { try Inflate.inflate($0, container: .raw, count: 360) }
    #expect(content == Array(String(repeating: "swiftlet ", count: 40).utf8))
  }

  @Test func `cut off, longer, shorter and impossible data are errors`() {
    func inflate(_ bytes: ArraySlice<UInt8>, _ count: Int) throws -> [UInt8] {
      try bytes.withUnsafeBytes { try Inflate.inflate($0, container: .raw, count: count) }
    }
    let data = file[10..<file.count - 8]
    #expect(throws: FileError.damaged("the compressed data is cut off")) { try inflate(data.dropLast(4), 360) }
    #expect(throws: FileError.damaged("the compressed data holds more than the 359 bytes announced")) {
      try inflate(data, 359)
    }
    #expect(throws: FileError.damaged("the compressed data holds 360 bytes instead of 361")) { try inflate(data, 361) }
    #expect(throws: FileError.damaged("\(data.count) compressed bytes cannot hold the 100000000 announced")) {
      try inflate(data, 100_000_000)
    }
    #expect(throws: FileError.self) { try inflate([0xFF, 0xFF, 0xFF, 0xFF], 10) }
    #expect(throws: FileError.damaged("the file is no gzip file")) {
      try [UInt8](repeating: 7, count: 30).withUnsafeBytes { try Inflate.gunzip($0) }
    }
  }
}
