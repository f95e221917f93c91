/// A file that appears under its name complete or not at all.
///
/// It is written beside its place, brought to the disk, and renamed over what was there. On failure, or when it is let go
/// of before ``commit()``, that stays as it was.
public final class AtomicFile {
  /// Writes some of the bytes to a descriptor and returns how many, or -1 with `errno` set, as the system's `write` does.
  public typealias SystemWrite = (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int

  private let path, draft: String
  private let systemWrite: SystemWrite
  private var descriptor: Int32
  /// Bytes written so far.
  public private(set) var position = 0

  /// - Parameter systemWrite: tests put a full disk here.
  public init(
    replacing path: String, using systemWrite: @escaping SystemWrite = AtomicFile.systemWrite
  ) throws(FileError) {
    self.path = path
    self.systemWrite = systemWrite
    draft = Self.draft(of: path)
    descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(.create, code: errno) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(draft)
  }

  /// A new name for what will be renamed to `path` when it is complete.
  ///
  /// In the same folder, because a rename cannot cross file systems; the name is cut so that a long one has room.
  public static func draft(of path: String) -> String {
    let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    var stem = path[name...]
    // File names have at most 255 bytes, of which process, random number and ending take up to 25.
    while stem.utf8.count > 200 { stem.removeLast() }
    return "\(path[..<name])\(stem).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).part"
  }

  /// Writes a whole file.
  public static func write(_ text: String, replacing path: String) throws(FileError) {
    try write(Array(text.utf8), replacing: path)
  }

  /// Writes a whole file.
  public static func write(_ bytes: [UInt8], replacing path: String) throws(FileError) {
    let file = try AtomicFile(replacing: path)
    try file.write(bytes)
    try file.commit()
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    try Self.write(bytes, to: descriptor, using: systemWrite)
    position += bytes.count
  }

  /// Writes all bytes to a descriptor, however many the system takes at once.
  static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, using systemWrite: SystemWrite = AtomicFile.systemWrite
  ) throws(FileError) {
    var rest = bytes
    while !rest.isEmpty {
      // Linux writes at most 2 GB at once.
      let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30)))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .unwritable(.write, code: count < 0 ? errno : EIO) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  public func write(_ bytes: [UInt8]) throws(FileError) {
    // `withUnsafeBytes` would lose the error's type.
    try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in try write(UnsafeRawBufferPointer(buffer)) }
  }

  /// Writes over bytes at the start, where the writer put others before it knew these.
  ///
  /// - Precondition: as many were written.
  public func rewriteStart(_ bytes: [UInt8]) throws(FileError) {
    precondition(bytes.count <= position, "AtomicFile.rewriteStart: the file has \(position) bytes, not \(bytes.count)")
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .unwritable(.write, code: errno) }
    try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
      try Self.write(UnsafeRawBufferPointer(buffer), to: descriptor, using: systemWrite)
    }
    guard lseek(descriptor, 0, SEEK_END) == position else { throw .unwritable(.write, code: errno) }
  }

  /// Puts the file in its place.
  public func commit() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw .unwritable(.synchronize, code: errno) }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(draft, path) == 0 else {
      let code = errno
      unlink(draft)
      throw .unwritable(.rename, code: code)
    }
    // The rename itself reaches the disk with the folder; a file system that cannot do that has done its best.
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let handle = open(folder, O_RDONLY | O_CLOEXEC)
    if handle >= 0 {
      fsync(handle)
      close(handle)
    }
  }

  /// The system's `write`.
  public static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    writeToDescriptor(descriptor, bytes)
  }
}
