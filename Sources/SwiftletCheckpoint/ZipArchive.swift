/// The members of a zip file that stores them uncompressed, as PyTorch does.
///
/// Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
struct ZipArchive {
  private struct Member {
    let headerOffset, size: Int
    let method: UInt16
    let checksum: UInt32
    let isEncrypted: Bool
  }

  private let bytes: UnsafeRawBufferPointer
  private var members: [String: Member] = [:]
  /// In the order of the directory.
  private(set) var names: [String] = []

  init(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    self.bytes = bytes
    var (count, directory) = try Self.findDirectory(bytes)
    while count > 0 {
      count -= 1
      guard try directory.integer(UInt32.self) == 0x0201_4b50 else {
        throw CheckpointError(.damaged, "is damaged: entry \(names.count) of the zip directory has a wrong signature")
      }
      try directory.skip(4)
      let flags = try directory.integer(UInt16.self)
      let method = try directory.integer(UInt16.self)
      try directory.skip(4)
      let checksum = try directory.integer(UInt32.self)
      let packed = try directory.integer(UInt32.self)
      var size = Int(try directory.integer(UInt32.self))
      let nameLength = Int(try directory.integer(UInt16.self))
      let extraLength = Int(try directory.integer(UInt16.self))
      let commentLength = Int(try directory.integer(UInt16.self))
      try directory.skip(8)
      var offset = Int(try directory.integer(UInt32.self))
      let name = try directory.text(nameLength)
      var extra = ByteCursor(bytes, try directory.take(extraLength))
      try directory.skip(commentLength)
      while extra.remaining >= 4 {
        let kind = try extra.integer(UInt16.self)
        var field = ByteCursor(bytes, try extra.take(Int(try extra.integer(UInt16.self))))
        // zip64: the sizes and the offset that did not fit, in this order.
        guard kind == 1 else { continue }
        if size == 0xffff_ffff { size = try field.length(UInt64.self) }
        if packed == 0xffff_ffff { try field.skip(8) }
        if offset == 0xffff_ffff { offset = try field.length(UInt64.self) }
      }
      guard members[name] == nil else { throw CheckpointError(.damaged, "is damaged: it has two members \(name)") }
      members[name] = Member(
        headerOffset: offset, size: size, method: method, checksum: checksum, isEncrypted: flags & 1 != 0)
      names.append(name)
    }
  }

  /// The number of entries and a cursor on the first.
  private static func findDirectory(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) -> (Int, ByteCursor) {
    let recordLength = 22
    guard bytes.count >= recordLength else {
      throw CheckpointError(.truncated, "is truncated: the zip directory is missing")
    }
    // The end record is followed by a comment of at most 65535 bytes.
    for start in stride(from: bytes.count - recordLength, through: max(0, bytes.count - recordLength - 65535), by: -1) {
      guard bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self).littleEndian == 0x0605_4b50 else { continue }
      var record = ByteCursor(bytes, start + 10..<bytes.count)
      var count = Int(try record.integer(UInt16.self))
      var size = Int(try record.integer(UInt32.self))
      var offset = Int(try record.integer(UInt32.self))
      if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
        guard start >= 20, bytes.loadUnaligned(fromByteOffset: start - 20, as: UInt32.self).littleEndian == 0x0706_4b50
        else { throw CheckpointError(.damaged, "is damaged: the zip64 locator is missing") }
        var locator = ByteCursor(bytes, start - 12..<start)
        let place = try locator.length(UInt64.self)
        guard place <= start else {
          throw CheckpointError(.damaged, "is damaged: the zip64 directory lies outside the file")
        }
        var wide = ByteCursor(bytes, place..<start)
        guard try wide.integer(UInt32.self) == 0x0606_4b50 else {
          throw CheckpointError(.damaged, "is damaged: the zip64 directory has a wrong signature")
        }
        try wide.skip(28)
        count = try wide.length(UInt64.self)
        size = try wide.length(UInt64.self)
        offset = try wide.length(UInt64.self)
      }
      guard offset <= start, size <= start - offset else {
        throw CheckpointError(.damaged, "is damaged: the zip directory lies outside the file")
      }
      guard count <= size / 46 else {
        throw CheckpointError(.damaged, "is damaged: the zip directory announces \(count) members in \(size) bytes")
      }
      return (count, ByteCursor(bytes, offset..<offset + size))
    }
    throw CheckpointError(.truncated, "is truncated: the zip directory is missing")
  }

  /// Where a member's content lies, or nil when there is no such member.
  func range(of name: String) throws(CheckpointError) -> Range<Int>? {
    guard let member = members[name] else { return nil }
    guard !member.isEncrypted else { throw CheckpointError(.unsupported, "its member \(name) is encrypted") }
    guard member.method == 0 else {
      throw CheckpointError(
        .unsupported, "its member \(name) is compressed, PyTorch stores members as they are; unpack and zip with -0")
    }
    guard member.headerOffset <= bytes.count else {
      throw CheckpointError(.damaged, "is damaged: its member \(name) lies outside the file")
    }
    var header = ByteCursor(bytes, member.headerOffset..<bytes.count)
    guard try header.integer(UInt32.self) == 0x0403_4b50 else {
      throw CheckpointError(.damaged, "is damaged: its member \(name) has a wrong signature")
    }
    try header.skip(22)
    let nameLength = Int(try header.integer(UInt16.self))
    let extraLength = Int(try header.integer(UInt16.self))
    try header.skip(nameLength + extraLength)
    return try header.take(member.size)
  }

  /// Where a member's content lies, after checking its checksum.
  func checkedRange(of name: String) throws(CheckpointError) -> Range<Int>? {
    guard let range = try range(of: name), let member = members[name] else { return nil }
    guard Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[range])) == member.checksum else {
      throw CheckpointError(.damaged, "is damaged: the checksum of its member \(name) is wrong")
    }
    return range
  }
}
