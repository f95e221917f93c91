/// Small unsigned integers stored without gaps, the first in the lowest bits of the first byte.
enum BitPacking {
  /// Bytes that hold `count` integers of `bits` bits.
  static func byteCount(of count: Int, bits: Int) -> Int { (count * bits + 7) / 8 }

  /// - Precondition: `bits` is in `0...8`, and every value is below `1 << bits`.
  static func pack(_ values: some Sequence<UInt8>, bits: Int) -> [UInt8] {
    var packed: [UInt8] = []
    var pending: UInt32 = 0
    var pendingBits = 0
    for value in values {
      pending |= UInt32(value) << UInt32(pendingBits)
      pendingBits += bits
      while pendingBits >= 8 {
        packed.append(UInt8(truncatingIfNeeded: pending))
        pending >>= 8
        pendingBits -= 8
      }
    }
    if pendingBits > 0 { packed.append(UInt8(truncatingIfNeeded: pending)) }
    return packed
  }

  /// Reads as many integers as `values` has room for, after the first `skipped`.
  ///
  /// - Precondition: `packed` holds them, and `bits` is in `1...8`.
  static func unpack(
    _ packed: UnsafeRawBufferPointer, bits: Int, skipping skipped: Int = 0,
    into values: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard !values.isEmpty else { return }
    let mask = UInt32(1) << UInt32(bits) - 1
    var (next, begun) = (skipped * bits).quotientAndRemainder(dividingBy: 8)
    var pending: UInt32 = 0
    var pendingBits = 0
    if begun > 0 {
      pending = UInt32(packed[next]) >> UInt32(begun)
      pendingBits = 8 - begun
      next += 1
    }
    for i in values.indices {
      if pendingBits < bits {
        pending |= UInt32(packed[next]) << UInt32(pendingBits)
        pendingBits += 8
        next += 1
      }
      values[i] = UInt8(truncatingIfNeeded: pending & mask)
      pending >>= UInt32(bits)
      pendingBits -= bits
    }
  }
}
