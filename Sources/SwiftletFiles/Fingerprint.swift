/// A 64-bit hash that tells weights, images and settings apart; not one that withstands forgery.
///
/// Source: Fowler, Noll and Vo's FNV-1a, on words of 64 bits.
public struct Fingerprint: Hashable, Sendable {
  /// Files hold fingerprints of both kinds, so neither can go.
  public enum Kind: Sendable {
    /// FNV-1a as it is: what checkpoints and a teacher's targets say about their data.
    case plain
    /// With a shift after each word and the finalizer of MurmurHash3, so that upper bits reach lower ones: the keys of
    /// evaluations.
    case scattered
  }

  private let kind: Kind
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  public init(_ kind: Kind) { self.kind = kind }

  public mutating func mix(_ word: UInt64) {
    state = (state ^ word) &* 0x0000_0100_0000_01b3
    if kind == .scattered { state ^= state >> 29 }
  }

  public mutating func mix(_ number: Int) { mix(UInt64(bitPattern: Int64(number))) }

  /// Every byte as a word.
  public mutating func mix(bytesOf text: String) {
    for byte in text.utf8 { mix(UInt64(byte)) }
  }

  /// The text and where it ends.
  public mutating func mix(_ text: String) {
    mix(UInt64(text.utf8.count))
    mix(bytesOf: text)
  }

  /// Lower case; a scattered one has 16 digits, a plain one no zeros in front.
  public var hexadecimal: String {
    guard kind == .scattered else { return String(state, radix: 16) }
    var bits = state
    bits = (bits ^ (bits >> 33)) &* 0xff51_afd7_ed55_8ccd
    bits = (bits ^ (bits >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    let digits = String(bits ^ (bits >> 33), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
