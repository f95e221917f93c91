import CSwiftletFiles

/// Checksums that find bytes that changed by accident; none withstands intent.
public enum Checksum {
  /// The CRC-32 of zip and gzip.
  public static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    swf_crc32(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
  }

  /// A sum as 8 hexadecimal digits.
  public static func text(_ sum: UInt32) -> String {
    let text = String(sum, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }

  /// CRC-32C, which processors compute by themselves. `sum` is that of the bytes before these.
  public static func crc32c(_ bytes: UnsafeRawBufferPointer, continuing sum: UInt32 = 0) -> UInt32 {
    swf_crc32c(sum, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
  }
}
