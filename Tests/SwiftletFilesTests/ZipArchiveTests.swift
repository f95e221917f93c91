import Foundation
import SwiftletFiles
import TestSupport
import Testing

@Suite struct ZipArchiveTests {
  /// Oracle: Python's zipfile, which wrote the archive.
  @Test func `stored and deflated members are read`() throws {
    let zip = try ZipArchive(MappedFile(copying: PictureArchive.bytes))
    #expect(
      zip.members.map(\.name) == [
        "train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "test/cat/9.png", "test/dog/9.png", "notes.txt",
      ])
    #expect(zip.members.map(\.isStored) == [true, false, false, true, true, false])
    for member in zip.members where member.name != "notes.txt" {
      let content = try zip.read(member)
      #expect(content.count == 78 && content.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }
    let notes = try zip.read(try #require(zip["notes.txt"]))
    #expect(notes == Array(String(repeating: "a note ", count: 9).utf8))
    #expect(zip["train/"] == nil && zip["train/cat/3.png"] == nil)
  }

  /// Written by hand with every field in its wide form; Python's zipfile reads it.
  @Test func `zip64 archives are read`() throws {
    let zip = try ZipArchive(
      MappedFile(
        copying: [UInt8](
          hexadecimal: """
            504b03042d0000000000000021000757b151ffffffffffffffff0a001400612f776964652e747874010010000f00000000000000
            0f0000000000000073697874792d666f75722062697473504b01022d002d0000000000000021000757b151ffffffffffffffff0a
            001c0000000000000000000000ffffffff612f776964652e747874010018000f000000000000000f000000000000000000000000
            000000504b06062c000000000000002d002d0000000000000000000100000000000000010000000000000054000000000000004b
            00000000000000504b0607000000009f0000000000000001000000504b050600000000ffffffffffffffffffffffff0000
            """)))
    #expect(zip.members.map(\.name) == ["a/wide.txt"])
    #expect(try zip.read(zip.members[0]) == Array("sixty-four bits".utf8))
  }

  // MARK: What was written

  private func written(_ members: [(String, [UInt8])], alwaysZip64: Bool = false) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(replacing: folder.path("a.zip"))
    var zip = ZipWriter(file, alwaysZip64: alwaysZip64)
    for (name, content) in members { try zip.add(name, content) }
    try zip.finish()
    try file.commit()
    return Array(try Data(contentsOf: folder.url.appending(path: "a.zip")))
  }

  @Test(arguments: [false, true]) func `what was written is read, each member at a multiple of 64`(wide: Bool) throws {
    var random = SplitMix64(seed: 3)
    let members = [0, 1, 63, 64, 1000].map { ("folder/\($0)", random.bytes($0)) }
    let zip = try ZipArchive(MappedFile(copying: written(members, alwaysZip64: wide)))
    #expect(zip.members.map(\.name) == members.map(\.0))
    for (name, content) in members {
      let member = try #require(zip[name])
      let place = try zip.checkedPlace(of: member)
      #expect(try zip.read(member) == content && place.lowerBound % 64 == 0 && place.count == content.count)
    }
  }

  /// 65535 members fit the narrow record, and Python's zipfile writes them so.
  @Test func `the last count that fits in 16 bits needs no zip64`() throws {
    let zeros = [UInt8](repeating: 0, count: 24)
    var directory: [UInt8] = []
    for index in 0x10000..<0x1FFFF {
      directory += [0x50, 0x4B, 1, 2] + zeros + [5, 0] + zeros.prefix(16) + Array(String(index, radix: 16).utf8)
    }
    let size = withUnsafeBytes(of: UInt32(directory.count).littleEndian) { Array($0) }
    let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF] + size + zeros.prefix(6)
    let zip = try ZipArchive(MappedFile(copying: directory + end))
    #expect(zip.members.count == 0xFFFF && zip["1fffe"]?.size == 0)
  }

  // MARK: Files made to harm

  private func error(_ bytes: [UInt8]) throws -> FileError? {
    do throws(FileError) {
      let zip = try ZipArchive(MappedFile(copying: bytes))
      for member in zip.members { _ = try zip.read(member) }
      return nil
    } catch { return error }
  }

  @Test func `archives that lie are refused`() throws {
    let sound = try written([("a", [1, 2, 3]), ("b", [4])])
    #expect(try error(sound) == nil)
    func changed(_ change: (inout [UInt8]) -> Void) throws -> FileError? {
      var bytes = sound
      change(&bytes)
      return try error(bytes)
    }
    let entry = try #require(sound.firstRange(of: [0x50, 0x4B, 1, 2])).lowerBound
    let end = sound.count - 22
    #expect(try changed { $0[entry] = 0 } == .damaged("entry 0 of the zip directory has a wrong signature"))
    #expect(
      try changed { $0[entry + 8] |= 1 } == .unsupported("its member a is encrypted; repack it without a password"))
    #expect(
      try changed { $0[entry + 10] = 9 }
        == .unsupported(
          "its member a is compressed by method 9, and stored and deflated members are read; repack it with zip -0"))
    #expect(try changed { $0[entry + 10] = 8 }?.description.hasPrefix("is damaged: its member a: ") == true)
    #expect(try changed { $0[entry + 16] ^= 1 } == .damaged("the checksum of its member a is wrong"))
    #expect(try changed { $0[entry + 24] = 2 } == .damaged("its member a has 3 bytes and announces 2"))
    #expect(try changed { $0[entry + 28] = 200 } == .truncated("entry 0 of the zip directory is cut off"))
    #expect(try changed { $0[entry + 42] = 1 } == .damaged("its member a has a wrong signature"))
    #expect(try changed { $0[entry + 45] = 0x7F } == .damaged("its member a lies outside the file"))
    #expect(
      try changed { $0.replaceSubrange(entry + 20..<entry + 28, with: [0, 0, 1, 0, 0, 0, 1, 0]) }
        == .truncated("its member a is cut off"))
    #expect(
      try changed { $0.replaceSubrange(entry + 24..<entry + 28, with: [255, 255, 255, 255]) }
        == .damaged("a zip64 field of the zip directory is missing"))
    #expect(try changed { $0[end + 19] = 0x7F } == .damaged("the zip directory lies outside the file"))
    #expect(
      try changed { $0[end + 10] = 9 } == .damaged("the zip directory announces 9 members in 94 bytes"))
    #expect(
      try changed { $0.replaceSubrange(end + 10..<end + 12, with: [255, 255]) }
        == .damaged("the zip64 locator is missing"))
    #expect(try error(written([("a", [1]), ("a", [2])])) == .damaged("it has two members a"))
    #expect(try error(Array("no zip at all, but long enough to look".utf8)) == .noZipDirectory)
    #expect(try error([]) == .noZipDirectory)
  }

  @Test func `zip64 records that lie are refused`() throws {
    let sound = try written([("a", [1, 2, 3])], alwaysZip64: true)
    func changed(_ place: Int, _ bytes: [UInt8]) throws -> FileError? {
      var file = sound
      file.replaceSubrange(place..<place + bytes.count, with: bytes)
      return try error(file)
    }
    let huge = [UInt8](repeating: 0xFF, count: 8)
    let largest = [UInt8](repeating: 0xFF, count: 7) + [0x7F]
    let entry = try #require(sound.firstRange(of: [0x50, 0x4B, 1, 2])).lowerBound
    let (locator, record) = (sound.count - 42, sound.count - 98)
    #expect(try changed(locator, [0]) == .damaged("the zip64 locator is missing"))
    for place in [huge, largest] {
      #expect(try changed(locator + 8, place) == .damaged("the zip64 directory lies outside the file"))
      #expect(try changed(record + 48, place) == .damaged("the zip directory lies outside the file"))
    }
    #expect(try changed(record, [0]) == .damaged("the zip64 directory has a wrong signature"))
    #expect(
      try changed(record + 32, largest)
        == .damaged("the zip directory announces \(Int.max) members in 75 bytes"))
    #expect(try changed(entry + 51, huge) == .damaged("a zip64 field of the zip directory is wrong"))
    #expect(try changed(entry + 49, [200]) == .damaged("a field of the zip directory reaches past its entry"))
    #expect(try changed(entry + 51 + 16, largest) == .damaged("its member a lies outside the file"))
    #expect(try changed(entry + 51 + 8, largest) == .truncated("its member a is cut off"))
  }

  @Test func `a damaged or cut off archive is an error, never a crash`() throws {
    for count in 0..<PictureArchive.bytes.count {
      #expect(throws: FileError.self) { try ZipArchive(MappedFile(copying: PictureArchive.bytes.prefix(count))) }
    }
    var random = SplitMix64(seed: 3)
    var failures = 0
    for _ in 0..<2000 {
      var damaged = PictureArchive.bytes
      damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      if try error(damaged) != nil { failures += 1 }
    }
    #expect(failures > 1000)
  }
}
