import SwiftletTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears under its name complete or not at all.
///
/// It is written beside its place, brought to the disk, and renamed over what was there. On failure that stays as it was.
final class AtomicFile {
  private let path, scratch: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  /// Bytes written so far.
  private(set) var position = 0

  private static let bufferLimit = 1 << 16

  init(replacing path: String) throws(CheckpointError) {
    self.path = path
    // In the same folder, because a rename cannot cross file systems.
    scratch = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).part"
    descriptor = open(scratch, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure("be created") }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(scratch)
  }

  private static func failure(_ what: String) -> CheckpointError {
    CheckpointError(.unwritable, "cannot \(what): \(systemMessage())")
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    position += bytes.count
    if buffer.count + bytes.count <= Self.bufferLimit {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush()
    try send(bytes)
  }

  func write(_ bytes: [UInt8]) throws(CheckpointError) {
    try withBytes(of: bytes) { (raw) throws(CheckpointError) in try write(raw) }
  }

  func write<Value: FixedWidthInteger>(integer: Value) throws(CheckpointError) {
    var value = integer.littleEndian
    try write(withUnsafeBytes(of: &value) { Array($0) })
  }

  /// The elements in row-major order.
  func write(_ tensor: Tensor) throws(CheckpointError) {
    try withElements(of: tensor) { (raw) throws(CheckpointError) in try write(raw) }
  }

  private func flush() throws(CheckpointError) {
    let pending = buffer
    buffer.removeAll(keepingCapacity: true)
    try withBytes(of: pending) { (raw) throws(CheckpointError) in try send(raw) }
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      // Linux writes at most 2 GB at once.
      let written = systemWrite(descriptor, base, Swift.min(rest.count, 1 << 30))
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.failure("be written")
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Puts the file in its place.
  func commit() throws(CheckpointError) {
    try flush()
    guard fsync(descriptor) == 0 else { throw Self.failure("be brought to the disk") }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(scratch, path) == 0 else {
      let failure = Self.failure("be put in its place")
      unlink(scratch)
      throw failure
    }
    // The rename itself reaches the disk with the folder; a file system that cannot do that has done its best.
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let handle = open(folder, O_RDONLY | O_CLOEXEC)
    if handle >= 0 {
      fsync(handle)
      close(handle)
    }
  }
}

/// `withUnsafeBytes` with the error's type kept.
func withBytes<Result>(
  of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Result
) throws(CheckpointError) -> Result {
  let result = bytes.withUnsafeBytes { (raw) -> Swift.Result<Result, CheckpointError> in
    do throws(CheckpointError) { return .success(try body(raw)) } catch { return .failure(error) }
  }
  return try result.get()
}

/// A tensor's elements in row-major order on the CPU.
func withElements<Result>(
  of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Result
) throws(CheckpointError) -> Result {
  let result = tensor.detached().to(device: .cpu).withBytes { (raw) -> Swift.Result<Result, CheckpointError> in
    do throws(CheckpointError) { return .success(try body(raw)) } catch { return .failure(error) }
  }
  return try result.get()
}

/// The system's `write`, which the methods of that name hide.
private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, base, count)
}
