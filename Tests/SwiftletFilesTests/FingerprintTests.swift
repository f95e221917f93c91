import SwiftletFiles
import TestSupport
import Testing

@Suite struct FingerprintTests {
  private func hexadecimal(_ kind: Fingerprint.Kind, _ mix: (inout Fingerprint) -> Void) -> String {
    var fingerprint = Fingerprint(kind)
    mix(&fingerprint)
    return fingerprint.hexadecimal
  }

  /// Oracle: the test vector of FNV-1a with 64 bits.
  @Test func `a plain one of bytes is FNV-1a`() {
    #expect(hexadecimal(.plain) { _ in } == "cbf29ce484222325")
    #expect(hexadecimal(.plain) { $0.mix(bytesOf: "foobar") } == "85944171f73967e8")
  }

  /// Golden: files hold them, so a change of these numbers disowns checkpoints and evaluations. Oracle: the formula in
  /// Python.
  @Test func `the numbers stay what they are`() {
    func mix(_ fingerprint: inout Fingerprint) {
      fingerprint.mix("weight")
      fingerprint.mix(UInt64(Float(1).bitPattern))
      fingerprint.mix(-1)
    }
    #expect(hexadecimal(.plain, mix) == "37095ca85a606258")
    #expect(hexadecimal(.scattered, mix) == "2d16177e65274b11")
  }

  @Test func `a text says where it ends`() {
    let apart = hexadecimal(.scattered) {
      $0.mix("a")
      $0.mix("bc")
    }
    let other = hexadecimal(.scattered) {
      $0.mix("ab")
      $0.mix("c")
    }
    #expect(apart != other)
  }

  /// Oracle: the numbers that Sebastiano Vigna's splitmix64.c gives for the seed 1234567.
  @Test func `the generator is SplitMix64`() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }
}
