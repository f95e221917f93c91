/// The latents of tokens as a cache keeps them: codes side by side, the first in the lowest bits, each token from a byte of its
/// own on; and a grid for every slice.
///
/// What a token becomes depends on that token alone, so that any way of cutting a text into pieces gives the same bytes.
public struct PackedLatents: Hashable, Sendable {
  public let width: Int
  public let quantizer: LatentQuantizer
  /// `[tokens][bytes of a token]`.
  public private(set) var codes: [UInt8] = []
  /// `[tokens][slices]`, the bits of 16-bit floats.
  public private(set) var scales: [UInt16] = [], offsets: [UInt16] = []
  public private(set) var count = 0

  private let slice, bytesPerToken: Int

  /// - Throws: ``LowRankError/indivisibleLatent(width:group:)``.
  public init(width: Int, quantizer: LatentQuantizer) throws(LowRankError) {
    (self.width, self.quantizer) = (width, quantizer)
    slice = width / (try quantizer.slices(ofWidth: width))
    bytesPerToken = quantizer.codeByteCount(ofWidth: width)
  }

  /// Bytes in all: codes and grids.
  public var byteCount: Int { codes.count + 2 * (scales.count + offsets.count) }

  /// Appends tokens, `width` values each.
  public mutating func append(_ values: [Float]) {
    precondition(values.count.isMultiple(of: width), "PackedLatents: \(values.count) values for a width of \(width)")
    values.withUnsafeBufferPointer { values in
      for token in stride(from: 0, to: values.count, by: width) {
        append(token: UnsafeBufferPointer(rebasing: values[token..<token + width]))
      }
    }
  }

  private mutating func append(token: UnsafeBufferPointer<Float>) {
    var bits = BitWriter(width: quantizer.bits)
    for start in stride(from: 0, to: width, by: slice) {
      let values = UnsafeBufferPointer(rebasing: token[start..<start + slice])
      let grid = LatentGrid(of: values, levels: quantizer.levels)
      scales.append(Float16(grid.scale).bitPattern)
      offsets.append(Float16(grid.offset).bitPattern)
      for value in values { bits.append(grid.code(of: value), to: &codes) }
    }
    bits.finish(&codes)
    count += 1
  }

  /// Takes the tokens from `count` on away again.
  public mutating func truncate(to count: Int) {
    precondition((0...self.count).contains(count), "PackedLatents: \(count) of \(self.count) tokens")
    codes.removeLast(codes.count - count * bytesPerToken)
    scales.removeLast(scales.count - count * (width / slice))
    offsets.removeLast(offsets.count - count * (width / slice))
    self.count = count
  }

  /// The values of a token as they come back.
  public func values(ofToken token: Int) -> [Float] {
    precondition((0..<count).contains(token), "PackedLatents: token \(token) of \(count)")
    let slices = width / slice
    return (0..<width).map { i in
      let at = token * slices + i / slice
      let grid = LatentGrid(
        offset: Float16(bitPattern: offsets[at]), scale: Float16(bitPattern: scales[at]), levels: quantizer.levels)
      return grid.value(of: code(i, ofToken: token))
    }
  }

  private func code(_ i: Int, ofToken token: Int) -> UInt8 {
    let bit = i * quantizer.bits
    let byte = token * bytesPerToken + bit / 8
    let low = UInt16(codes[byte])
    let high = bit % 8 + quantizer.bits > 8 ? UInt16(codes[byte + 1]) : 0
    return UInt8(((low | high << 8) >> (bit % 8)) & UInt16(quantizer.levels))
  }
}

/// Puts codes side by side.
private struct BitWriter {
  let width: Int
  private var pending: UInt16 = 0
  private var held = 0

  init(width: Int) { self.width = width }

  mutating func append(_ code: UInt8, to bytes: inout [UInt8]) {
    pending |= UInt16(code) << held
    held += width
    guard held >= 8 else { return }
    bytes.append(UInt8(truncatingIfNeeded: pending))
    pending >>= 8
    held -= 8
  }

  mutating func finish(_ bytes: inout [UInt8]) {
    if held > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
  }
}
