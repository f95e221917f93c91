import SwiftletFiles
import TestSupport
import Testing

@Suite struct HalfPrecisionTests {
  /// Hand: the format's own examples.
  @Test func `halves of the standard's table have their values`() {
    for (bits, value) in [
      (0x0000, 0), (0x0001, 0x1p-24), (0x03ff, 0x3ffp-24), (0x0400, 0x1p-14), (0x3555, 0x1.554p-2),
      (0x3bff, 0x1.ffcp-1),
      (0x3c00, 1), (0x3c01, 1.0009765625), (0x7bff, 65504), (0x7c00, .infinity), (0xc000, -2),
    ] as [(UInt16, Float)] {
      #expect(HalfPrecision.float(half: bits) == value)
      #expect(HalfPrecision.half(value) == (value.isFinite ? bits : nil))
    }
    #expect(HalfPrecision.float(half: 0x7e00).isNaN)
    #expect(HalfPrecision.float(half: 0x8000).sign == .minus)
  }

  /// Law: what was read is written as the same bits, for all that are finite.
  @Test func `every value of 16 bits goes through a float unchanged`() {
    for bits in UInt16.min...UInt16.max {
      let (half, brain) = (HalfPrecision.float(half: bits), HalfPrecision.float(bfloat16: bits))
      if HalfPrecision.half(half) != (half.isFinite ? bits : nil) { Issue.record("half \(bits)") }
      if HalfPrecision.bfloat16(brain) != (brain.isFinite ? bits : nil) { Issue.record("bfloat16 \(bits)") }
    }
  }

  /// Oracle: the neighbours of a value, and which is nearer in `Double`, where both distances are exact.
  @Test func `values are rounded to the nearest, ties to even`() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<20_000 {
      let bits = UInt16(truncatingIfNeeded: random.next()) & 0x7bfe
      let (low, high) = (Double(HalfPrecision.float(half: bits)), Double(HalfPrecision.float(half: bits + 1)))
      guard high.isFinite else { continue }
      #expect(HalfPrecision.half(Float((low + high) / 2)) == bits, "an even one wins a tie")
      let value = Float(low + (high - low) * Double.random(in: 0...1, using: &random))
      let (below, above) = (Double(value) - low, high - Double(value))
      guard below != above else { continue }
      #expect(HalfPrecision.half(value) == (below < above ? bits : bits + 1), "\(value)")
      #expect(HalfPrecision.half(-value) == (below < above ? bits : bits + 1) | 0x8000)
    }
    #expect(HalfPrecision.bfloat16(Float(bitPattern: 0x3f80_8000)) == 0x3f80)
    #expect(HalfPrecision.bfloat16(Float(bitPattern: 0x3f81_8000)) == 0x3f82)
    #expect(HalfPrecision.bfloat16(Float(bitPattern: 0x3f80_8001)) == 0x3f81)
  }

  @Test func `what has no finite counterpart has none`() {
    for value in [65520, 1e9, -65520, .infinity, .nan] as [Float] { #expect(HalfPrecision.half(value) == nil) }
    #expect(HalfPrecision.half(65519.99) == 0x7bff)
    for value in [.greatestFiniteMagnitude, -.infinity, .nan] as [Float] {
      #expect(HalfPrecision.bfloat16(value) == nil)
    }
    #expect(HalfPrecision.half(0x1p-26) == 0 && HalfPrecision.half(-0x1p-30) == 0x8000)
  }
}
