#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writing a file so that readers see the old one or the new one, never a part.
enum AtomicFile {
  /// Writes chunks beside `path`, makes them durable, then takes the old file's place; the old one stays on failure.
  ///
  /// - Parameter systemWrite: writes some bytes to a descriptor and returns how many; tests put a full disk here.
  static func write(
    _ chunks: [[UInt8]], to path: String,
    using systemWrite: (Int32, UnsafeRawBufferPointer) -> Int = Self.write
  ) throws(ModelFileError) {
    let draft = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).part"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path: path, reason: "it cannot be written: \(systemMessage())") }
    func fail(_ message: String) -> ModelFileError {
      unlink(draft)
      return .system(path: path, reason: "it cannot be written: \(message)")
    }
    for chunk in chunks where !writeAll(chunk, to: descriptor, systemWrite) {
      let message = systemMessage()
      close(descriptor)
      throw fail(message)
    }
    guard fsync(descriptor) == 0 else {
      let message = systemMessage()
      close(descriptor)
      throw fail(message)
    }
    guard close(descriptor) == 0, rename(draft, path) == 0 else { throw fail(systemMessage()) }
    makeDirectoryDurable(of: path)
  }

  private static func writeAll(
    _ chunk: [UInt8], to descriptor: Int32, _ systemWrite: (Int32, UnsafeRawBufferPointer) -> Int
  ) -> Bool {
    chunk.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return false }
        rest = rest.dropFirst(written)
      }
      return true
    }
  }

  static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }

  /// The rename itself is made durable where the system can; the file's content already is.
  private static func makeDirectoryDurable(of path: String) {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
