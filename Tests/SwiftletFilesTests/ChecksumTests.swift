import CSwiftletFiles
import SwiftletFiles
import TestSupport
import Testing

@Suite struct ChecksumTests {
  private func crc32(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { Checksum.crc32($0) } }
  private func crc32c(_ bytes: [UInt8], continuing sum: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { Checksum.crc32c($0, continuing: sum) }
  }

  /// Oracle: the check value of the catalogue entry CRC-32/ISO-HDLC, and the definition, one bit at a time.
  @Test func `zip's checksum is CRC-32`() {
    #expect(crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    var random = SplitMix64(seed: 1)
    for count in [0, 1, 7, 8, 9, 15, 16, 63, 1000] {
      let bytes = random.bytes(count)
      var sum = UInt32.max
      for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
      }
      #expect(crc32(bytes) == ~sum, "seed 1, \(count) bytes")
    }
  }

  /// Oracle: RFC 3720, appendix B.4, and the bitwise reference.
  @Test func `the model file's checksum is CRC-32C`() {
    #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(crc32c(Array(0..<32)) == 0x46DD_794E)
    #expect(crc32c(Array("123456789".utf8)) == 0xE306_9283)
    var random = SplitMix64(seed: 2)
    for count in [0, 1, 7, 8, 9, 63, 1000] {
      let bytes = random.bytes(count)
      #expect(crc32c(bytes) == swf_crc32c_scalar(0, bytes, count), "seed 2, \(count) bytes")
      let half = count / 2
      #expect(crc32c(Array(bytes[half...]), continuing: crc32c(Array(bytes[..<half]))) == crc32c(bytes))
    }
  }
}
