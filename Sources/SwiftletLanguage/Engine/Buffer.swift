import SwiftletRuntime

/// Numbers that jobs pass to each other; it grows between steps, and what it holds is lost then.
final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
  // Safe to share: it changes only between jobs, which write different places.
  private var memory: AlignedBuffer?
  private var count = 0

  /// At least so many elements.
  ///
  /// - Parameter cleared: zeros, where it has to grow.
  func elements(_ count: Int, cleared: Bool = false) throws(SessionError) -> UnsafeMutablePointer<Element> {
    if count > self.count || memory == nil {
      memory = nil
      let made = try AlignedBuffer(byteCount: max(count, 1) * MemoryLayout<Element>.stride)
      if cleared { made.address.initializeMemory(as: UInt8.self, repeating: 0, count: made.byteCount) }
      (memory, self.count) = (made, count)
    }
    guard let memory else { preconditionFailure("a buffer has no memory") }
    return memory.address.assumingMemoryBound(to: Element.self)
  }
}
