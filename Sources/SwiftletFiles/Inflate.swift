import CSwiftletFiles

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
  ) throws(FileError) -> [UInt8] {
    // Deflate shrinks at most 1032 to 1: a larger claim is refused before memory is taken.
    guard count / 1032 <= data.count else {
      throw .damaged("\(data.count) compressed bytes cannot hold the \(count) announced")
    }
    var error = swf_error()
    var status = SWF_OK
    let bytes = data.bindMemory(to: UInt8.self)
    let kind = container == .gzip ? SWF_DEFLATE_GZIP : SWF_DEFLATE_RAW
    let output = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      status = swf_inflate(bytes.baseAddress, bytes.count, kind, buffer.baseAddress, count, &error)
      written = status == SWF_OK ? count : 0
    }
    if status == SWF_OK { return output }
    let text = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    throw status == SWF_UNAVAILABLE ? .unavailable(text) : .damaged(text)
  }

  /// The content of a gzip file with one member.
  public static func gunzip(_ file: UnsafeRawBufferPointer) throws(FileError) -> [UInt8] {
    guard file.count >= 18, file[0] == 0x1F, file[1] == 0x8B else { throw .damaged("the file is no gzip file") }
    let length = file.loadUnaligned(fromByteOffset: file.count - 4, as: UInt32.self)
    return try inflate(file, container: .gzip, count: Int(UInt32(littleEndian: length)))
  }
}
