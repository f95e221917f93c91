/// The upper half of an IEEE single: 8 bits of exponent, 7 of mantissa.
enum BFloat16 {
  /// Rounds to the nearest, ties to even; NaN stays NaN.
  static func bits(of x: Float) -> UInt16 {
    if x.isNaN { return 0x7FC0 }
    let bits = x.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  static func float(of bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
