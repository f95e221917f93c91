import SwiftletTensor

/// Rounds what a cache keeps of a token to a few bits: a slice of values shares a scale and an offset.
///
/// `x ≈ offset + scale * code`, the code of `bits` bits, offset and scale in 16-bit floats. The offset is the slice's least
/// value, rounded down, and the scale reaches the greatest, so that nothing is cut off and no value misses by more than half
/// a scale: slices of one sign too. Palu's released quantiser clamps a zero point to the codes instead, and loses those.
/// A slice with a value that is not finite, or beyond 16-bit floats, becomes NaN, so that it is seen.
///
/// Source: Chang et al., "Palu" (2025), section 4.2: one slice a token and group of heads.
public struct LatentQuantizer: Hashable, Sendable {
  public static let bitWidths = [8, 4, 3, 2]
  /// What may be asked for: those, or 16, which rounds nothing.
  public static let choices = [16] + bitWidths

  /// Of a code: 8, 4, 3 or 2.
  public let bits: Int
  /// Values that share a scale; nil is all of a token's latent.
  public let group: Int?

  /// - Throws: ``LowRankError/bits(_:)``.
  public init(bits: Int, group: Int? = nil) throws(LowRankError) {
    guard Self.bitWidths.contains(bits) else { throw .bits(bits) }
    (self.bits, self.group) = (bits, group)
  }

  /// The greatest code.
  public var levels: Int { 1 << bits - 1 }

  /// Slices of a latent of `width` values.
  ///
  /// - Throws: ``LowRankError/indivisibleLatent(width:group:)``.
  public func slices(ofWidth width: Int) throws(LowRankError) -> Int {
    let group = group ?? width
    guard group > 0, width.isMultiple(of: group) else { throw .indivisibleLatent(width: width, group: group) }
    return width / group
  }

  /// Bytes of the codes of a latent, filled up to whole ones.
  func codeByteCount(ofWidth width: Int) -> Int { (width * bits + 7) / 8 }

  /// Bytes that a cache keeps of a latent of `width` values: codes, and two 16-bit floats a slice.
  ///
  /// - Throws: ``LowRankError/indivisibleLatent(width:group:)``.
  public func byteCount(ofWidth width: Int) throws(LowRankError) -> Int {
    codeByteCount(ofWidth: width) + 4 * (try slices(ofWidth: width))
  }

  /// Values as they come back from the cache: `[…, width]` in any floating-point type, rounded in float32, with a grid for
  /// every `slice` values, whatever ``group`` says.
  ///
  /// - Precondition: `slice` divides the width.
  public func rounded(_ x: Tensor, slice: Int) -> Tensor {
    precondition(
      slice > 0 && (x.shape.last ?? 1).isMultiple(of: slice), "LatentQuantizer: slices of \(slice) in \(x.shape)")
    return withNoGradient {
      var values = x.detached().cast(to: .float32).scalars(as: Float.self)
      values.withUnsafeMutableBufferPointer { values in
        for start in stride(from: 0, to: values.count, by: slice) {
          let part = UnsafeMutableBufferPointer(rebasing: values[start..<start + slice])
          let grid = LatentGrid(of: UnsafeBufferPointer(part), levels: levels)
          for i in part.indices { part[i] = grid.value(of: grid.code(of: part[i])) }
        }
      }
      return Tensor(values, shape: x.shape, device: x.device).cast(to: x.dataType)
    }
  }
}

/// The grid of a slice.
struct LatentGrid: Hashable, Sendable {
  let offset, scale: Float
  let levels: Int

  init(offset: Float16, scale: Float16, levels: Int) {
    (self.offset, self.scale, self.levels) = (Float(offset), Float(scale), levels)
  }

  init(of values: UnsafeBufferPointer<Float>, levels: Int) {
    var (least, greatest) = (Float.infinity, -Float.infinity)
    var isFinite = true
    for value in values {
      isFinite = isFinite && value.isFinite
      least = min(least, value)
      greatest = max(greatest, value)
    }
    self.levels = levels
    guard isFinite, !values.isEmpty else {
      (offset, scale) = (.nan, .nan)
      return
    }
    offset = Float(Self.roundedDown(least))
    scale = Float(Self.scale(reaching: greatest, from: offset, levels: levels))
  }

  /// Whether the slice can be told at all.
  var isFinite: Bool { offset.isFinite && scale.isFinite }

  func code(of value: Float) -> UInt8 {
    guard scale > 0, isFinite else { return 0 }
    return UInt8(min(max(((value - offset) / scale).rounded(.toNearestOrEven), 0), Float(levels)))
  }

  func value(of code: UInt8) -> Float { isFinite ? offset + scale * Float(code) : .nan }

  private static func roundedDown(_ value: Float) -> Float16 {
    let nearest = Float16(value)
    return Float(nearest) > value ? nearest.nextDown : nearest
  }

  /// The least scale whose greatest code comes to `greatest`, but for what float32 rounds.
  private static func scale(reaching greatest: Float, from offset: Float, levels: Int) -> Float16 {
    let nearest = Float16((greatest - offset) / Float(levels))
    let reached = offset + Float(nearest) * Float(levels)
    let slack = max(abs(greatest), abs(offset)) * Float.ulpOfOne
    return reached + slack >= greatest ? nearest : nearest.nextUp
  }
}
