/// Memory for kernels, which want it aligned to 64 bytes.
public final class AlignedMemory: @unchecked Sendable {
  // Safe to share: the pointer never changes, and kernels split what they write by tile.
  public let address: UnsafeMutableRawPointer

  public init(byteCount: Int) {
    address = .allocate(byteCount: max(byteCount, 64), alignment: 64)
  }

  public convenience init<Element: BitwiseCopyable>(_ elements: [Element]) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    elements.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { address.copyMemory(from: start, byteCount: bytes.count) }
    }
  }

  deinit { address.deallocate() }
}
