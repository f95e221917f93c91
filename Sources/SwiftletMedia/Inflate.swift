import CSwiftletMedia

/// Deflate-compressed bytes, through the system's zlib.
public enum Inflate {
  public enum Container: Sendable {
    /// Bare deflate data, as in a zip archive.
    case raw
    /// A gzip file.
    case gzip
  }

  /// Inflates to exactly `count` bytes.
  public static func inflate(
    _ data: UnsafeRawBufferPointer, container: Container, count: Int
  ) throws(MediaError) -> [UInt8] {
    // Deflate shrinks at most 1032 to 1: a larger claim is refused before memory is taken.
    guard count / 1032 <= data.count else {
      throw .corrupt("\(data.count) compressed bytes cannot hold the \(count) announced")
    }
    var error = swm_error()
    var status = SWM_OK
    let bytes = data.bindMemory(to: UInt8.self)
    let kind = container == .gzip ? SWM_DEFLATE_GZIP : SWM_DEFLATE_RAW
    let output = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      status = swm_inflate(bytes.baseAddress, bytes.count, kind, buffer.baseAddress, count, &error)
      written = status == SWM_OK ? count : 0
    }
    try MediaError.check(status, error)
    return output
  }

  /// The content of a gzip file with one member.
  public static func gunzip(_ file: UnsafeRawBufferPointer) throws(MediaError) -> [UInt8] {
    guard file.count >= 18, file[0] == 0x1F, file[1] == 0x8B else { throw .corrupt("the file is no gzip file") }
    let length = file.loadUnaligned(fromByteOffset: file.count - 4, as: UInt32.self)
    return try inflate(file, container: .gzip, count: Int(UInt32(littleEndian: length)))
  }
}

/// The CRC-32 that zip and gzip store.
public func crc32(_ data: UnsafeRawBufferPointer) -> UInt32 {
  swm_crc32(data.bindMemory(to: UInt8.self).baseAddress, data.count)
}
