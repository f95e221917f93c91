import SwiftletFiles

/// Memory that starts at a cache line and is freed with its owner.
package final class AlignedBuffer {
  package static let alignment = 64

  package let address: UnsafeMutableRawPointer
  package let byteCount: Int

  /// Uninitialised memory.
  package init(byteCount: Int) throws(SessionError) {
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, Self.alignment, max(byteCount, Self.alignment)) == 0, let pointer else {
      throw .outOfMemory(byteCount: byteCount)
    }
    address = pointer
    self.byteCount = byteCount
  }

  deinit { free(address) }
}

/// The memory of the machine, in bytes.
func physicalMemory() -> Int {
  let (bytes, overflows) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
  return overflows || bytes <= 0 ? Int.max : bytes
}

extension Int {
  /// The next multiple of the alignment that is not below this.
  package var aligned: Int { (self + AlignedBuffer.alignment - 1) & -AlignedBuffer.alignment }
}
