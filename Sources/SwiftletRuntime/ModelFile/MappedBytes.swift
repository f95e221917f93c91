#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes that never change and outlive every pointer into them: a mapped file, or a copy in memory.
///
/// The bytes start at an address that 64 divides. A mapped file must not be truncated by others while it is in use;
/// `ModelFile.write` never does, as it replaces files whole.
final class MappedBytes: @unchecked Sendable {
  // Safe to share: the memory is read-only from the end of init to deinit.
  let buffer: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Maps a regular file.
  init(path: String) throws(ModelFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? .missing(path: path) : .system(path: path, reason: systemMessage())
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(path: path, reason: systemMessage()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAModel(path: path, reason: "it is not a regular file") }
    let count = Int(status.st_size)
    guard count > 0 else { throw .notAModel(path: path, reason: "it is empty") }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw .system(path: path, reason: systemMessage())
    }
    buffer = UnsafeRawBufferPointer(start: address, count: count)
    isMapped = true
  }

  /// Copies bytes.
  init(copying bytes: some Collection<UInt8>) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
    copy.copyBytes(from: bytes)
    buffer = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[0..<bytes.count])
    isMapped = false
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
    } else {
      buffer.deallocate()
    }
  }
}

/// What the last system call says went wrong, in the system's words.
func systemMessage() -> String { String(cString: strerror(errno)).lowercased() }
