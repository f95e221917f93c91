/// The members of a zip file: stored or deflated, zip64 included.
///
/// They are read straight from the mapped file. Whatever the file says, opening it allocates no more than a small multiple
/// of its size, and reading a member no more than deflate can hold in it.
/// Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
public struct ZipArchive: Sendable {
  public struct Member: Hashable, Sendable {
    /// For people: two members may look alike whose file names differ.
    public let name: String
    /// As it stands in the archive.
    public let fileName: FileName
    /// Bytes after and before decompression.
    public let size, storedSize: Int
    /// The content lies in the file as it is.
    public var isStored: Bool { method == 0 }
    let method: UInt16
    let isEncrypted: Bool
    let checksum: UInt32
    let header: Int
  }

  public let file: MappedFile
  /// In the order of the directory; folders are left out.
  public let members: [Member]
  /// By the bytes of the name, which text would compare by what they look like.
  private let indices: [[UInt8]: Int]

  public init(_ file: MappedFile) throws(FileError) {
    self.file = file
    (members, indices) = try Self.readDirectory(file.bytes)
  }

  public subscript(name: String) -> Member? { indices[Array(name.utf8)].map { members[$0] } }

  /// The member's bytes, decompressed and compared with their checksum.
  public func read(_ member: Member) throws(FileError) -> [UInt8] {
    let place = try place(of: member)
    let stored = UnsafeRawBufferPointer(rebasing: file.bytes[place])
    if member.isStored {
      try check(stored, member)
      return [UInt8](stored)
    }
    guard member.method == 8 else {
      throw .unsupported(
        "its member \(member.name) is compressed by method \(member.method), and stored and deflated members are read; "
          + "repack it with zip -0")
    }
    let content: [UInt8]
    do throws(FileError) {
      content = try Inflate.inflate(stored, container: .raw, count: member.size)
    } catch .damaged(let what) {
      throw .damaged("its member \(member.name): \(what)")
    }
    try content.withUnsafeBufferPointer { (buffer) throws(FileError) in
      try check(UnsafeRawBufferPointer(buffer), member)
    }
    return content
  }

  /// Where a stored member's content lies in the file, after comparing it with its checksum.
  ///
  /// - Precondition: `member.isStored`.
  public func checkedPlace(of member: Member) throws(FileError) -> Range<Int> {
    precondition(member.isStored, "ZipArchive.checkedPlace(of: \(member.name)): the member is compressed")
    let place = try place(of: member)
    try check(UnsafeRawBufferPointer(rebasing: file.bytes[place]), member)
    return place
  }

  /// Where a member's content lies in the file, compressed if it is.
  public func place(of member: Member) throws(FileError) -> Range<Int> {
    let bytes = file.bytes
    guard !member.isEncrypted else {
      throw .unsupported("its member \(member.name) is encrypted; repack it without a password")
    }
    guard member.header <= bytes.count - Record.memberLength else {
      throw .damaged("its member \(member.name) lies outside the file")
    }
    guard bytes.little(UInt32.self, at: member.header) == Record.member else {
      throw .damaged("its member \(member.name) has a wrong signature")
    }
    let nameLength = Int(bytes.little(UInt16.self, at: member.header + 26))
    let extraLength = Int(bytes.little(UInt16.self, at: member.header + 28))
    let start = member.header + Record.memberLength + nameLength + extraLength
    guard start <= bytes.count, member.storedSize <= bytes.count - start else {
      throw .truncated("its member \(member.name) is cut off")
    }
    guard !member.isStored || member.size == member.storedSize else {
      throw .damaged("its member \(member.name) has \(member.storedSize) bytes and announces \(member.size)")
    }
    return start..<start + member.storedSize
  }

  private func check(_ content: UnsafeRawBufferPointer, _ member: Member) throws(FileError) {
    guard content.count == member.size, Checksum.crc32(content) == member.checksum else {
      throw .damaged("the checksum of its member \(member.name) is wrong")
    }
  }
}

/// The signatures of a zip file's records and the lengths of their fixed parts, in bytes.
private enum Record {
  static let member: UInt32 = 0x0403_4b50, memberLength = 30
  static let entry: UInt32 = 0x0201_4b50, entryLength = 46
  static let end: UInt32 = 0x0605_4b50, endLength = 22
  static let wideLocator: UInt32 = 0x0706_4b50, wideLocatorLength = 20
  static let wideEnd: UInt32 = 0x0606_4b50, wideEndLength = 56
}

extension ZipArchive {
  private static func readDirectory(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FileError) -> (members: [Member], indices: [[UInt8]: Int]) {
    let (count, place) = try findDirectory(bytes)
    var members: [Member] = []
    var indices: [[UInt8]: Int] = [:]
    var offset = place.lowerBound
    for index in 0..<count {
      guard place.upperBound - offset >= Record.entryLength else {
        throw .truncated("the zip directory ends in front of entry \(index)")
      }
      guard bytes.little(UInt32.self, at: offset) == Record.entry else {
        throw .damaged("entry \(index) of the zip directory has a wrong signature")
      }
      let name = offset + Record.entryLength
      let extra = name + Int(bytes.little(UInt16.self, at: offset + 28))
      let comment = extra + Int(bytes.little(UInt16.self, at: offset + 30))
      let end = comment + Int(bytes.little(UInt16.self, at: offset + 32))
      guard end <= place.upperBound else { throw .truncated("entry \(index) of the zip directory is cut off") }
      let sizes = try sizes(of: bytes, entry: offset, extra: extra..<comment)
      let member = Member(
        name: FileName(bytes: bytes[name..<extra]).description, fileName: FileName(bytes: bytes[name..<extra]),
        size: sizes.size, storedSize: sizes.storedSize,
        method: bytes.little(UInt16.self, at: offset + 10),
        isEncrypted: bytes.little(UInt16.self, at: offset + 8) & 1 != 0,
        checksum: bytes.little(UInt32.self, at: offset + 16), header: sizes.header)
      offset = end
      if member.name.hasSuffix("/") { continue }
      guard indices.updateValue(members.count, forKey: Array(bytes[name..<extra])) == nil else {
        throw .damaged("it has two members \(member.name)")
      }
      members.append(member)
    }
    return (members, indices)
  }

  /// The number of entries and where they lie.
  private static func findDirectory(_ bytes: UnsafeRawBufferPointer) throws(FileError) -> (count: Int, Range<Int>) {
    let last = bytes.count - Record.endLength
    guard last >= 0 else { throw .noZipDirectory }
    // The end record is followed by a comment of at most 65535 bytes.
    let start = stride(from: last, through: max(0, last - 0xffff), by: -1).first {
      bytes.little(UInt32.self, at: $0) == Record.end
    }
    guard let start else { throw .noZipDirectory }
    var count = Int(bytes.little(UInt16.self, at: start + 10))
    var size = Int(bytes.little(UInt32.self, at: start + 12))
    var offset = Int(bytes.little(UInt32.self, at: start + 16))
    if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
      if let wide = try findWideEnd(bytes, before: start) {
        let values = [32, 40, 48].map { Int(exactly: bytes.little(UInt64.self, at: wide + $0)) }
        guard let wideCount = values[0], let wideSize = values[1], let wideOffset = values[2] else {
          throw .damaged("the zip directory lies outside the file")
        }
        (count, size, offset) = (wideCount, wideSize, wideOffset)
      } else if size / Record.entryLength < count || size == 0xffff_ffff || offset == 0xffff_ffff {
        // Exactly 65535 members fit the narrow record too.
        throw .damaged("the zip64 locator is missing")
      }
    }
    guard offset <= start, size <= start - offset else { throw .damaged("the zip directory lies outside the file") }
    guard count <= size / Record.entryLength else {
      throw .damaged("the zip directory announces \(count) members in \(size) bytes")
    }
    return (count, offset..<offset + size)
  }

  /// Where the zip64 record lies that the locator in front of the end record points to, or nil without a locator.
  private static func findWideEnd(_ bytes: UnsafeRawBufferPointer, before end: Int) throws(FileError) -> Int? {
    let locator = end - Record.wideLocatorLength
    guard locator >= 0, bytes.little(UInt32.self, at: locator) == Record.wideLocator else { return nil }
    guard let place = Int(exactly: bytes.little(UInt64.self, at: locator + 8)), place <= end - Record.wideEndLength
    else {
      throw .damaged("the zip64 directory lies outside the file")
    }
    guard bytes.little(UInt32.self, at: place) == Record.wideEnd else {
      throw .damaged("the zip64 directory has a wrong signature")
    }
    return place
  }

  /// The sizes and the place of an entry's member, from the zip64 field where they did not fit.
  private static func sizes(
    of bytes: UnsafeRawBufferPointer, entry: Int, extra: Range<Int>
  ) throws(FileError) -> (size: Int, storedSize: Int, header: Int) {
    var storedSize = Int(bytes.little(UInt32.self, at: entry + 20))
    var size = Int(bytes.little(UInt32.self, at: entry + 24))
    var header = Int(bytes.little(UInt32.self, at: entry + 42))
    guard [size, storedSize, header].contains(0xffff_ffff) else { return (size, storedSize, header) }
    var (start, end) = (extra.lowerBound, extra.lowerBound)
    while extra.upperBound - end >= 4 {
      start = end + 4
      end = start + Int(bytes.little(UInt16.self, at: end + 2))
      guard end <= extra.upperBound else { throw .damaged("a field of the zip directory reaches past its entry") }
      guard bytes.little(UInt16.self, at: start - 4) == 1 else { continue }
      // The zip64 field holds what did not fit, in this order.
      func widen(_ value: inout Int) throws(FileError) {
        guard value == 0xffff_ffff else { return }
        guard end - start >= 8, let wide = Int(exactly: bytes.little(UInt64.self, at: start)) else {
          throw .damaged("a zip64 field of the zip directory is wrong")
        }
        (value, start) = (wide, start + 8)
      }
      try widen(&size)
      try widen(&storedSize)
      try widen(&header)
      return (size, storedSize, header)
    }
    throw .damaged("a zip64 field of the zip directory is missing")
  }
}
