import Foundation
import SwiftletFiles

/// A zip archive for reading: stored and deflated members, zip64 included.
///
/// Members are read straight from the mapped file and their CRC is checked. Source: PKWARE's APPNOTE 6.3.10.
public final class ZipArchive: Sendable {
  public struct Member: Hashable, Sendable {
    public let name: String
    /// Bytes after and before decompression.
    public let size, storedSize: Int
    let method: UInt16
    let isEncrypted: Bool
    let crc: UInt32
    let header: Int
  }

  private let file: MappedFile
  /// Files in the archive's order; folders are left out.
  public let members: [Member]

  public init(_ url: URL) throws(DataError) {
    file = try MappedFile(url)
    members = try Self.readDirectory(file)
  }

  /// The member's bytes, decompressed.
  public func read(_ member: Member) throws(DataError) -> [UInt8] {
    let data = try storedBytes(of: member)
    let content: [UInt8]
    switch member.method {
    case 0:
      content = [UInt8](data)
    case 8:
      do throws(FileError) {
        content = try Inflate.inflate(data, container: .raw, count: member.size)
      } catch {
        throw DataError(.unreadable, "\(file.path): \(member.name): \(error)")
      }
    default:
      throw DataError(
        .unreadable,
        "\(file.path): \(member.name) is compressed by method \(member.method), and stored and deflated members are read; repack it with zip -0"
      )
    }
    guard content.count == member.size, content.withUnsafeBytes({ Checksum.crc32($0) }) == member.crc else {
      throw DataError(.unreadable, "\(file.path): \(member.name) is damaged: its checksum differs")
    }
    return content
  }

  private func storedBytes(of member: Member) throws(DataError) -> UnsafeRawBufferPointer {
    let bytes = file.bytes
    guard !member.isEncrypted else {
      throw DataError(.unreadable, "\(file.path): \(member.name) is encrypted; repack it without a password")
    }
    guard member.header + 30 <= bytes.count, bytes.little(UInt32.self, at: member.header) == 0x0403_4B50 else {
      throw DataError(.unreadable, "\(file.path): \(member.name) is not where the archive's directory says")
    }
    let nameLength = Int(bytes.little(UInt16.self, at: member.header + 26))
    let start = member.header + 30 + nameLength + Int(bytes.little(UInt16.self, at: member.header + 28))
    guard start <= bytes.count, member.storedSize <= bytes.count - start else {
      throw DataError(.unreadable, "\(file.path): \(member.name) is cut off")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + member.storedSize])
  }

  // MARK: The directory at the archive's end

  private static func readDirectory(_ file: MappedFile) throws(DataError) -> [Member] {
    let bytes = file.bytes
    var (offset, count) = try directoryPlace(file)
    let damaged = DataError(.unreadable, "\(file.path): the zip archive's directory is damaged")
    var members: [Member] = []
    members.reserveCapacity(min(count, bytes.count / 46))
    while count > 0 {
      guard offset >= 0, offset <= bytes.count - 46, bytes.little(UInt32.self, at: offset) == 0x0201_4B50 else {
        throw damaged
      }
      let nameLength = Int(bytes.little(UInt16.self, at: offset + 28))
      let extraLength = Int(bytes.little(UInt16.self, at: offset + 30))
      let commentLength = Int(bytes.little(UInt16.self, at: offset + 32))
      let extra = offset + 46 + nameLength
      guard extra + extraLength + commentLength <= bytes.count else { throw damaged }
      let sizes = try wideSizes(bytes, entry: offset, extra: extra..<extra + extraLength, damaged)
      let name = String(decoding: bytes[offset + 46..<extra], as: UTF8.self)
      if !name.hasSuffix("/") {
        members.append(
          Member(
            name: name, size: sizes.size, storedSize: sizes.storedSize,
            method: bytes.little(UInt16.self, at: offset + 10),
            isEncrypted: bytes.little(UInt16.self, at: offset + 8) & 1 != 0,
            crc: bytes.little(UInt32.self, at: offset + 16), header: sizes.header))
      }
      offset = extra + extraLength + commentLength
      count -= 1
    }
    return members
  }

  /// Where the directory begins and how many entries it has.
  private static func directoryPlace(_ file: MappedFile) throws(DataError) -> (offset: Int, count: Int) {
    let bytes = file.bytes
    let lowest = max(0, bytes.count - 22 - 0xFFFF)
    var end = bytes.count - 22
    while end >= lowest, bytes.little(UInt32.self, at: end) != 0x0605_4B50 { end -= 1 }
    guard end >= lowest else {
      throw DataError(.unreadable, "\(file.path) is no zip archive, or is cut off")
    }
    let count = Int(bytes.little(UInt16.self, at: end + 10))
    let offset = Int(bytes.little(UInt32.self, at: end + 16))
    if count != 0xFFFF, offset != 0xFFFF_FFFF { return (offset, count) }
    // Zip64: a locator in front of the end record points to the wide one.
    guard end >= 20, bytes.little(UInt32.self, at: end - 20) == 0x0706_4B50,
      let wide = Int(exactly: bytes.little(UInt64.self, at: end - 12)), wide <= bytes.count - 56,
      bytes.little(UInt32.self, at: wide) == 0x0606_4B50,
      let wideCount = Int(exactly: bytes.little(UInt64.self, at: wide + 32)),
      let wideOffset = Int(exactly: bytes.little(UInt64.self, at: wide + 48))
    else {
      if count != 0xFFFF || offset != 0xFFFF_FFFF { return (offset, count) }
      throw DataError(.unreadable, "\(file.path): the zip archive's directory is damaged")
    }
    return (wideOffset, wideCount)
  }

  /// The sizes and the place of a member, from the zip64 field where the narrow ones are full.
  private static func wideSizes(
    _ bytes: UnsafeRawBufferPointer, entry: Int, extra: Range<Int>, _ damaged: DataError
  ) throws(DataError) -> (size: Int, storedSize: Int, header: Int) {
    var values = [20, 24, 42].map { Int(bytes.little(UInt32.self, at: entry + $0)) }  // stored size, size, place
    guard values.contains(0xFFFF_FFFF) else { return (values[1], values[0], values[2]) }
    var offset = extra.lowerBound
    while offset + 4 <= extra.upperBound {
      let length = Int(bytes.little(UInt16.self, at: offset + 2))
      guard offset + 4 + length <= extra.upperBound else { throw damaged }
      if bytes.little(UInt16.self, at: offset) == 1 {
        var field = offset + 4
        for i in [1, 0, 2] where values[i] == 0xFFFF_FFFF {
          guard field + 8 <= offset + 4 + length, let value = Int(exactly: bytes.little(UInt64.self, at: field)) else {
            throw damaged
          }
          values[i] = value
          field += 8
        }
        guard values.allSatisfy({ $0 <= bytes.count || $0 == values[1] }) else { throw damaged }
        return (values[1], values[0], values[2])
      }
      offset += 4 + length
    }
    throw damaged
  }
}
