/// A file's bytes in memory, or a copy of bytes that lie in no file; they live as long as the object.
///
/// They start at an address that 64 divides. Pages of a file are loaded as they are touched. The file must not shrink while
/// it is mapped; replacing it by renaming another over it, as ``AtomicFile`` does, is fine.
public final class MappedFile: @unchecked Sendable {
  // Safe to share: the object itself never changes, and whoever writes through `writableBytes` orders its accesses.

  /// What may be done with the bytes.
  public enum Access: Sendable {
    case reading
    /// Changes stay in memory and never reach the file.
    case copyOnWrite
  }

  public let bytes: UnsafeRawBufferPointer
  public let access: Access
  private let isMapped: Bool

  /// Maps a regular file; an empty one has no bytes.
  public init(path: String, access: Access = .reading) throws(FileError) {
    // Without waiting: a pipe that nobody writes to would hold the program until somebody does.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(.open, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(.inspect, code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
    self.access = access
    let count = Int(status.st_size)
    guard count > 0 else {
      (isMapped, bytes) = (false, UnsafeRawBufferPointer(start: nil, count: 0))
      return
    }
    // Memory that may be written counts against the system's limit, so it is asked for only where it is needed.
    let protection = access == .copyOnWrite ? PROT_READ | PROT_WRITE : PROT_READ
    guard let start = mmap(nil, count, protection, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw .unreadable(.map, code: errno)
    }
    (isMapped, bytes) = (true, UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Copies bytes.
  public convenience init(copying content: some Collection<UInt8>) {
    self.init(byteCount: content.count)
    writableBytes.copyBytes(from: content)
  }

  /// Memory for bytes that are written before they are read.
  public init(byteCount: Int) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    (access, isMapped, bytes) = (.copyOnWrite, false, UnsafeRawBufferPointer(memory))
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }

  /// Gives back the memory of the pages that a range of a file mapped for reading touches, and of their neighbours that
  /// the system loads with them. Whoever touches them finds them loaded again, other threads too.
  public func releasePages(_ range: Range<Int>) {
    guard isMapped, access == .reading, !range.isEmpty, let start = bytes.baseAddress else { return }
    // Linux maps the pages around one that is touched, in blocks of 64 KiB of address space.
    let block = UInt(max(1 << 16, sysconf(Int32(_SC_PAGESIZE))))
    let address = UInt(bitPattern: start)
    let first = max(address, (address + UInt(range.lowerBound)) & ~(block - 1))
    let last = min(address + UInt(bytes.count), (address + UInt(range.upperBound) + block - 1) & ~(block - 1))
    guard let pages = UnsafeMutableRawPointer(bitPattern: first) else { return }
    madvise(pages, Int(last - first), MADV_DONTNEED)
  }

  /// The bytes for changing in memory.
  ///
  /// - Precondition: the access is ``Access/copyOnWrite``.
  public var writableBytes: UnsafeMutableRawBufferPointer {
    precondition(access == .copyOnWrite, "MappedFile.writableBytes: the file was mapped for reading only")
    return UnsafeMutableRawBufferPointer(mutating: bytes)
  }
}
