/// Writes a zip file of uncompressed members whose contents start at multiples of 64 bytes, as PyTorch's do.
public struct ZipWriter {
  private let file: AtomicFile
  private let alwaysZip64: Bool
  private var directory: [UInt8] = []
  private var count = 0

  /// - Parameter alwaysZip64: writes the wide records that sizes past 4 GB need for small sizes too.
  public init(_ file: AtomicFile, alwaysZip64: Bool = false) { (self.file, self.alwaysZip64) = (file, alwaysZip64) }

  public mutating func add(_ name: String, _ content: [UInt8]) throws(FileError) {
    try content.withUnsafeBufferPointer { (buffer) throws(FileError) in
      try add(name, UnsafeRawBufferPointer(buffer))
    }
  }

  public mutating func add(_ name: String, _ content: UnsafeRawBufferPointer) throws(FileError) {
    let start = file.position
    let name = Array(name.utf8)
    let isWide = alwaysZip64 || content.count >= 0xffff_ffff || start >= 0xffff_ffff
    let checksum = Checksum.crc32(content)
    let size = isWide ? UInt32.max : UInt32(content.count)
    let version = UInt16(isWide ? 45 : 20)

    var extra: [UInt8] = []
    if isWide {  // zip64: both sizes
      extra.append(UInt16(1), UInt16(16), UInt64(content.count), UInt64(content.count))
    }
    // A field that readers pass over moves the content to its place.
    let before = start + 30 + name.count + extra.count + 4
    let padding = (64 - before % 64) % 64
    extra.append(UInt16(0x4246), UInt16(padding))
    extra += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)

    var header: [UInt8] = []
    header.append(UInt32(0x0403_4b50), version, UInt16(0), UInt16(0), UInt32(0))
    header.append(checksum, size, size, UInt16(name.count), UInt16(extra.count))
    try file.write(header + name + extra)
    try file.write(content)

    var wide: [UInt8] = []
    if isWide {
      wide.append(UInt16(1), UInt16(24), UInt64(content.count), UInt64(content.count), UInt64(start))
    }
    directory.append(UInt32(0x0201_4b50), version, version, UInt16(0), UInt16(0), UInt32(0))
    directory.append(checksum, size, size, UInt16(name.count), UInt16(wide.count), UInt16(0), UInt16(0), UInt16(0))
    directory.append(UInt32(0), isWide ? UInt32.max : UInt32(start))
    directory += name + wide
    count += 1
  }

  /// Writes the directory.
  public mutating func finish() throws(FileError) {
    let start = file.position
    let isWide = alwaysZip64 || count >= 0xffff || start >= 0xffff_ffff || directory.count >= 0xffff_ffff
    var tail: [UInt8] = []
    if isWide {
      tail.append(UInt32(0x0606_4b50), UInt64(44), UInt16(45), UInt16(45), UInt32(0), UInt32(0))
      tail.append(UInt64(count), UInt64(count), UInt64(directory.count), UInt64(start))
      tail.append(UInt32(0x0706_4b50), UInt32(0), UInt64(start + directory.count), UInt32(1))
    }
    let entries = isWide ? UInt16.max : UInt16(count)
    tail.append(UInt32(0x0605_4b50), UInt16(0), UInt16(0), entries, entries)
    tail.append(isWide ? UInt32.max : UInt32(directory.count), isWide ? UInt32.max : UInt32(start), UInt16(0))
    try file.write(directory)
    try file.write(tail)
  }
}

extension [UInt8] {
  /// Appends integers with their least significant byte first.
  fileprivate mutating func append<each Value: FixedWidthInteger>(_ values: repeat each Value) {
    for value in repeat each values { Swift.withUnsafeBytes(of: value.littleEndian) { self += $0 } }
  }
}
