import SwiftletTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file in memory; tensors that view it keep it alive.
///
/// The mapping is private: changing such a tensor in place changes the memory, never the file. The file must not shrink
/// while it is mapped; replacing it by renaming another over it, as ``Checkpoint`` does, is fine.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer
  private let base: UnsafeMutableRawPointer?
  private let isMapped: Bool

  /// A copy of bytes that lie in no file.
  init(copying content: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
    memory.copyBytes(from: content)
    (base, isMapped, bytes) = (memory.baseAddress, false, UnsafeRawBufferPointer(memory))
  }

  init(path: String) throws(CheckpointError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CheckpointError(.unreadable, "cannot be opened: \(systemMessage())") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw CheckpointError(.unreadable, "cannot be inspected: \(systemMessage())")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CheckpointError(.unreadable, "is not a regular file")
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      (base, isMapped) = (nil, false)
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
      throw CheckpointError(.unreadable, "cannot be mapped: \(systemMessage())")
    }
    (base, isMapped) = (memory, true)
    bytes = UnsafeRawBufferPointer(start: memory, count: count)
  }

  deinit { if isMapped { munmap(base, bytes.count) } else { base?.deallocate() } }

  /// A tensor that views elements of the file; the caller has checked that they are all in `range`.
  ///
  /// Elements that do not lie where their type may lie are copied.
  func tensor(_ range: Range<Int>, shape: [Int], strides: [Int]?, dataType: DataType) -> Tensor {
    guard let base, !range.isEmpty, !shape.contains(0) else { return Tensor.empty(shape, dataType: dataType) }
    let start = base + range.lowerBound
    if UInt(bitPattern: start) % UInt(dataType.byteCount) == 0 {
      return Tensor.viewing(start, shape: shape, strides: strides, dataType: dataType, owner: self)
    }
    let copy = AlignedCopy(UnsafeRawBufferPointer(rebasing: bytes[range]))
    return Tensor.viewing(copy.memory, shape: shape, strides: strides, dataType: dataType, owner: copy)
  }
}

/// Bytes moved to where any element type may lie.
private final class AlignedCopy {
  let memory: UnsafeMutableRawPointer
  init(_ bytes: UnsafeRawBufferPointer) {
    memory = .allocate(byteCount: bytes.count, alignment: 64)
    UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyMemory(from: bytes)
  }
  deinit { memory.deallocate() }
}

/// What the system says about its last failure on this thread.
func systemMessage() -> String { String(cString: strerror(errno)) }
