extension GGUFElementType {
  /// Decodes whole blocks. Bits equal those that the format's own library gives.
  ///
  /// - Precondition: `stored` holds as many blocks as `elements` has room for, and neither a part of one.
  public func decode(_ stored: UnsafeRawBufferPointer, into elements: UnsafeMutableBufferPointer<Float>) {
    let count = elements.count / blockSize
    precondition(
      count * blockSize == elements.count && count * blockByteCount == stored.count,
      "GGUFElementType.decode: \(stored.count) bytes are not \(elements.count) elements of type \(name)")
    func decodeBlocks(_ block: (UnsafePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void) {
      guard let source = stored.baseAddress, let target = elements.baseAddress else { return }
      for index in 0..<count {
        block(
          (source + index * blockByteCount).assumingMemoryBound(to: UInt8.self), target + index * blockSize)
      }
    }
    switch self {
    case .float32: SafetensorsHeader.ElementType.float32.decode(stored, into: elements)
    case .float16: SafetensorsHeader.ElementType.float16.decode(stored, into: elements)
    case .bfloat16: SafetensorsHeader.ElementType.bfloat16.decode(stored, into: elements)
    case .q4Symmetric: decodeBlocks(GGUFBlock.q4Symmetric)
    case .q4Offset: decodeBlocks(GGUFBlock.q4Offset)
    case .q5Symmetric: decodeBlocks(GGUFBlock.q5Symmetric)
    case .q5Offset: decodeBlocks(GGUFBlock.q5Offset)
    case .q8Symmetric: decodeBlocks(GGUFBlock.q8Symmetric)
    case .q4K: decodeBlocks(GGUFBlock.q4K)
    case .q5K: decodeBlocks(GGUFBlock.q5K)
    case .q6K: decodeBlocks(GGUFBlock.q6K)
    }
  }
}

/// One block of each quantised type: `x` its bytes, `y` its elements.
///
/// Products and sums are rounded one after the other, in the order of the format's library, so that every bit is the same.
/// Source: https://github.com/ggml-org/llama.cpp, gguf-py/gguf/quants.py.
private enum GGUFBlock {
  typealias Bytes = UnsafePointer<UInt8>
  typealias Elements = UnsafeMutablePointer<Float>

  private static func bits(_ x: Bytes, _ place: Int) -> UInt16 { UInt16(x[place]) | UInt16(x[place + 1]) << 8 }
  private static func half(_ x: Bytes, _ place: Int) -> Float { HalfPrecision.float(half: bits(x, place)) }

  /// Scale, then 32 values from -8: the lower halves of the bytes are the first 16.
  static func q4Symmetric(_ x: Bytes, _ y: Elements) {
    let scale = half(x, 0)
    for i in 0..<16 {
      let byte = Int32(x[2 + i])
      y[i] = scale * Float(byte & 15 - 8)
      y[16 + i] = scale * Float(byte >> 4 - 8)
    }
  }

  /// Scale and offset, then 32 values from 0.
  static func q4Offset(_ x: Bytes, _ y: Elements) {
    let (scale, offset) = (half(x, 0), half(x, 2))
    for i in 0..<16 {
      let byte = Int32(x[4 + i])
      y[i] = scale * Float(byte & 15) + offset
      y[16 + i] = scale * Float(byte >> 4) + offset
    }
  }

  /// Scale, the fifth bits, the lower four: 32 values from -16.
  static func q5Symmetric(_ x: Bytes, _ y: Elements) {
    let scale = half(x, 0)
    let high = UInt32(bits(x, 2)) | UInt32(bits(x, 4)) << 16
    for i in 0..<16 {
      let byte = Int32(x[6 + i])
      y[i] = scale * Float(byte & 15 + Int32(high >> UInt32(i) & 1) * 16 - 16)
      y[16 + i] = scale * Float(byte >> 4 + Int32(high >> UInt32(16 + i) & 1) * 16 - 16)
    }
  }

  /// Scale and offset, the fifth bits, the lower four: 32 values from 0.
  static func q5Offset(_ x: Bytes, _ y: Elements) {
    let (scale, offset) = (half(x, 0), half(x, 2))
    let high = UInt32(bits(x, 4)) | UInt32(bits(x, 6)) << 16
    for i in 0..<16 {
      let byte = Int32(x[8 + i])
      y[i] = scale * Float(byte & 15 + Int32(high >> UInt32(i) & 1) * 16) + offset
      y[16 + i] = scale * Float(byte >> 4 + Int32(high >> UInt32(16 + i) & 1) * 16) + offset
    }
  }

  static func q8Symmetric(_ x: Bytes, _ y: Elements) {
    let scale = half(x, 0)
    for i in 0..<32 { y[i] = scale * Float(Int8(bitPattern: x[2 + i])) }
  }

  /// The scale and the offset of group `j` of eight, 6 bits each: the upper two bits of the last four stand in the bytes
  /// of the first four.
  private static func scaleAndOffset(_ x: Bytes, _ j: Int) -> (scale: Float, offset: Float) {
    j < 4
      ? (Float(x[j] & 63), Float(x[j + 4] & 63))
      : (Float(x[j + 4] & 15 | (x[j - 4] >> 6) << 4), Float(x[j + 4] >> 4 | (x[j] >> 6) << 4))
  }

  /// Scale and offset of the block, those of eight groups of 32 in units of them, then 256 values from 0.
  static func q4K(_ x: Bytes, _ y: Elements) {
    let (scale, offset) = (half(x, 0), half(x, 2))
    for j in 0..<8 {
      let group = scaleAndOffset(x + 4, j)
      let (d, m) = (scale * group.scale, offset * group.offset)
      let (values, shift) = (x + 16 + j / 2 * 32, UInt8(j % 2 * 4))
      for i in 0..<32 { y[j * 32 + i] = d * Float(values[i] >> shift & 15) - m }
    }
  }

  /// As Q4_K, with a fifth bit: bit `j` of 32 bytes is that of group `j`.
  static func q5K(_ x: Bytes, _ y: Elements) {
    let (scale, offset) = (half(x, 0), half(x, 2))
    let high = x + 16
    for j in 0..<8 {
      let group = scaleAndOffset(x + 4, j)
      let (d, m) = (scale * group.scale, offset * group.offset)
      let (values, shift) = (x + 48 + j / 2 * 32, UInt8(j % 2 * 4))
      for i in 0..<32 {
        y[j * 32 + i] = d * Float(values[i] >> shift & 15 | (high[i] >> UInt8(j) & 1) << 4) - m
      }
    }
  }

  /// Lower four bits, upper two, sixteen scales of 8 bits in units of the last half: 256 values from -32.
  static func q6K(_ x: Bytes, _ y: Elements) {
    let (high, scales, scale) = (x + 128, x + 192, half(x, 208))
    for g in 0..<8 {  // groups of 32; four of them share 64 bytes of lower and 32 of upper bits
      let (part, quarter) = (g / 4, g % 4)
      let (values, shift) = (x + part * 64 + quarter % 2 * 32, UInt8(quarter / 2 * 4))
      for i in 0..<32 {
        let value = values[i] >> shift & 15 | (high[part * 32 + i] >> UInt8(2 * quarter) & 3) << 4
        let d = scale * Float(Int8(bitPattern: scales[g * 2 + i / 16]))
        y[g * 32 + i] = d * Float(Int32(value) - 32)
      }
    }
  }
}
