import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file's bytes, mapped into memory for reading: pages are loaded as they are touched and shared between processes.
final class MappedFile: @unchecked Sendable {  // the bytes never change and live as long as the object
  let bytes: UnsafeRawBufferPointer
  let path: String

  init(_ url: URL) throws(DataError) {
    path = url.path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DataError(
        errno == ENOENT ? .missing : .unreadable, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DataError(.unreadable, "\(path) is not a file")
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw DataError(.layout, "\(path) is empty") }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw DataError(.unreadable, "\(path) cannot be mapped: \(String(cString: strerror(errno)))")
    }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }
}

extension UnsafeRawBufferPointer {
  /// A little-endian integer at `offset`, which must lie inside.
  func little<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// A big-endian integer at `offset`, which must lie inside.
  func big<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    T(bigEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
