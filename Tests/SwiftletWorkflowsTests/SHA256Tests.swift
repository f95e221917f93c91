import Testing

@testable import SwiftletWorkflows

@Suite struct SHA256Tests {
  /// Oracle: the examples of FIPS 180-4, and Python's hashlib for lengths around the padding's edges.
  @Test func `digests are those that sha256sum prints`() {
    #expect(
      SHA256.hexadecimal(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal(of: "abc".utf8) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    for (count, digest) in [
      (55, "a493530439dc5f552ef0b2fc047aa5d5a8a043e248c6b7e751f07373a784c5e4"),
      (56, "ddd9c109d074093cdf49d2f387619acc9660fc7938227b01ec6929b8a45bbe63"),
      (63, "50c6bbf9a3cb7e4cb3475efd1524815b58bdf05e910a78b091eda31411b40474"),
      (64, "d8e30e73bd2f8004eef41ad5906147cb92ebadb75d5f18c65810289db3a54623"),
      (65, "51a51f8df87a0ff69128f094a70a26166558a99b5634a24888fff7cd927f238f"),
      (1000, "e08669453d7a3b778a97777829dd6cc630eb7ef5209eb2738cb6f322514b2a2f"),
    ] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 + 3 * $0) }
      #expect(SHA256.hexadecimal(of: bytes) == digest, "\(count) bytes")
    }
  }
}
