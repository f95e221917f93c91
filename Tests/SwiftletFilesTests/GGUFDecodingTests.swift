import SwiftletFiles
import TestSupport
import Testing

/// Oracle: the format's own library, gguf 0.19.0; `tools/goldens/gguf.py` writes blocks and what it makes of them.
@Suite struct GGUFDecodingTests {
  static let golden = Result { try GoldenBytes("gguf-blocks") }

  /// Every operation is rounded as theirs is, so equality is of bits.
  @Test(arguments: GGUFElementType.allCases)
  func `every type decodes to the library's bits`(type: GGUFElementType) throws {
    let golden = try Self.golden.get()
    let stored = try golden["\(type.name).bytes"].bytes
    let expected = try golden["\(type.name).floats"].bytes.withUnsafeBytes { raw in
      stride(from: 0, to: raw.count, by: 4).map { raw.little(UInt32.self, at: $0) }
    }
    #expect(stored.count / type.blockByteCount >= 4)
    // NaN where nothing is written, and guards behind.
    var found = [Float](repeating: .nan, count: expected.count + 8)
    stored.withUnsafeBytes { bytes in
      found.withUnsafeMutableBufferPointer {
        type.decode(bytes, into: UnsafeMutableBufferPointer(rebasing: $0[..<expected.count]))
      }
    }
    #expect(found.prefix(expected.count).map { $0.bitPattern } == expected)
    #expect(found.suffix(8).allSatisfy { $0.isNaN })
  }

  @Test func `sizes are those of the format`() {
    let bits = GGUFElementType.allCases.map { Double(8 * $0.blockByteCount) / Double($0.blockSize) }
    #expect(bits == [32, 16, 4.5, 5, 5.5, 6, 8.5, 4.5, 5.5, 6.5625, 16])
  }
}
