/// Conversion between Float and the two formats of 16 bits. Swift's own `Float16` is not there on every processor.
public enum HalfPrecision {
  /// The value of an IEEE half.
  public static func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7fff)
    guard magnitude < 0x7c00 else { return Float(bitPattern: sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13) }
    // Moved to a float's place the exponent is 112 too small, that of the values below the smallest normal one included.
    let value = Float(bitPattern: magnitude << 13) * 0x1p112
    return Float(bitPattern: value.bitPattern | sign)
  }

  /// The value of a bfloat16: the upper half of a float.
  public static func float(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// The nearest half, ties to even.
  ///
  /// - Returns: nil where it would be infinite, or the value is no finite number.
  public static func half(_ value: Float) -> UInt16? {
    let sign = UInt16(value.bitPattern >> 16 & 0x8000)
    let magnitude = value.bitPattern & 0x7fff_ffff
    guard magnitude < 0x3880_0000 else {  // 2^-14 and above
      let rounded = (magnitude &+ 0xfff &+ (magnitude >> 13 & 1)) >> 13
      guard magnitude < 0x4780_0000, rounded < 0x7c00 + 112 << 10 else { return nil }
      return sign | UInt16(rounded - 112 << 10)
    }
    // Beside a half the last bit of a float is 2^-24, the unit of the halves below the smallest normal one.
    let rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern - Float(0.5).bitPattern
    return sign | UInt16(rounded)
  }

  /// The nearest bfloat16, ties to even.
  ///
  /// - Returns: nil where it would be infinite, or the value is no finite number.
  public static func bfloat16(_ value: Float) -> UInt16? {
    let bits = value.bitPattern
    guard bits & 0x7f80_0000 != 0x7f80_0000 else { return nil }
    let rounded = UInt16((bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    return rounded & 0x7f80 == 0x7f80 ? nil : rounded
  }
}
