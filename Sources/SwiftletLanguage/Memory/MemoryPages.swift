import CSwiftletKernels
import SwiftletRuntime

/// Where a model keeps what it remembers of ``MemoryPages/positions`` tokens: a page, the sides of all layers one behind
/// the other.
package struct MemoryPages: Sendable {
  /// Tokens of a page.
  package static let positions = Int(SWL_MEMORY_SEGMENT)

  /// Of one layer, where its keys and values begin in a page: in another layer's place where it reads that one's.
  let offsets: [(keys: Int, values: Int)]
  /// Of a page.
  let byteCount: Int

  init(_ program: LanguageProgram) {
    var offsets: [(keys: Int, values: Int)] = []
    var end = 0
    for layer in program.layers {
      func place(_ memory: LanguageProgram.Memory, values: Bool, lent: KeyPath<(keys: Int, values: Int), Int>) -> Int {
        if let before = memory.layersBefore { return offsets[offsets.count - before][keyPath: lent] }
        defer { end += memory.byteCountOfPage(values: values).aligned }
        return end
      }
      let keys = place(layer.keys, values: false, lent: \.keys)
      offsets.append((keys, place(layer.values, values: true, lent: \.values)))
    }
    (self.offsets, byteCount) = (offsets, end)
  }

  /// Pages that a text of so many tokens takes.
  static func count(for tokens: Int) -> Int { (tokens + positions - 1) / positions }
}

extension LanguageProgram.Memory {
  /// How kernels are told of it.
  package var kernelFormat: swl_memory_format {
    switch format {
    case .float32: numbers(SWL_CACHE_F32)
    case .bfloat16: numbers(SWL_CACHE_BF16)
    case .float16: numbers(SWL_CACHE_F16)
    case .codes(let bits, let slice):
      swl_memory_format(parts: parts, width: width, bits: bits, slice: slice, type: SWL_CACHE_F32)
    }
  }

  private func numbers(_ type: swl_cache_type) -> swl_memory_format {
    swl_memory_format(parts: parts, width: width, bits: 0, slice: width, type: type)
  }

  /// Bytes that a page has for it; none where another layer keeps it.
  package func byteCountOfPage(values: Bool) -> Int {
    guard layersBefore == nil else { return 0 }
    return withUnsafePointer(to: kernelFormat) { swl_memory_side_size($0, values) }
  }
}

extension LanguageProgram {
  /// Bytes that all layers keep of a token, scales and offsets included.
  public var memoryBytesPerToken: Double {
    Double(layers.reduce(0) { $0 + $1.keys.byteCountOfPage(values: false) + $1.values.byteCountOfPage(values: true) })
      / Double(MemoryPages.positions)
  }

  /// Bytes of a token whose keys and values are kept whole, in 16 bits.
  public var plainMemoryBytesPerToken: Int { layers.count * 2 * keyHeads * headWidth * 2 }
}

/// Where the pages of a text lie while a step reads and writes them. It owns none: a thread may let go of it late, and
/// whoever writes next must find that nobody else has the page.
final class PageList: @unchecked Sendable {
  // Safe to share: the pointers never change, and jobs write different places behind them.
  private let start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  init(_ pages: [Page]) {
    start = .allocate(capacity: max(pages.count, 1))
    for (index, page) in pages.enumerated() {
      (start + index).initialize(to: page.address.assumingMemoryBound(to: CChar.self))
    }
  }

  deinit { start.deallocate() }

  /// As kernels that write take them, and as those that read do.
  var writable: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(start) }
  var readable: UnsafePointer<UnsafePointer<CChar>?> {
    UnsafeRawPointer(start).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
  }
}

/// What a model remembers of some tokens of a text, at an address that never changes.
final class Page: @unchecked Sendable {
  // Safe to share: only whoever holds the one reference writes, and `TokenSequence` sees to that.
  private let buffer: AlignedBuffer

  /// Zeros, so that what no token has written yet is a number.
  init(byteCount: Int) throws(LanguageError) {
    do throws(SessionError) { buffer = try AlignedBuffer(byteCount: byteCount) } catch { throw .session(error) }
    address.initializeMemory(as: UInt8.self, repeating: 0, count: buffer.byteCount)
  }

  var address: UnsafeMutableRawPointer { buffer.address }

  func copy() throws(LanguageError) -> Page {
    let copy = try Page(byteCount: buffer.byteCount)
    copy.address.copyMemory(from: address, byteCount: buffer.byteCount)
    return copy
  }
}
