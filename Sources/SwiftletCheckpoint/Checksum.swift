/// The checksum of zip files, eight bytes at a time.
///
/// Source: ISO 3309; the slicing is from Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
/// Generation" (2008).
enum Checksum {
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 != 0 ? 0xedb8_8320 ^ (value >> 1) : value >> 1 }
      tables[byte] = value
    }
    for i in 256..<tables.count { tables[i] = (tables[i - 256] >> 8) ^ tables[Int(tables[i - 256] & 255)] }
    return tables
  }()

  static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { table in
      var sum: UInt32 = ~0
      var index = 0
      while index &+ 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(sum)
        var next: UInt32 = 0
        var slice = 7
        var rest = word
        while slice >= 0 {
          next ^= table[slice &* 256 &+ Int(truncatingIfNeeded: rest & 255)]
          rest >>= 8
          slice &-= 1
        }
        sum = next
        index &+= 8
      }
      while index < bytes.count {
        sum = (sum >> 8) ^ table[Int((sum ^ UInt32(bytes[index])) & 255)]
        index &+= 1
      }
      return ~sum
    }
  }
}
