import SwiftletFiles
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

/// Laws O9 to O11 and O13 of latents in few bits.
@Suite struct LatentQuantizerTests {
  static func values(_ count: Int, in range: ClosedRange<Float>, using random: inout SplitMix64) -> [Float] {
    (0..<count).map { _ in
      range.lowerBound + Float(Double.random(in: 0..<1, using: &random)) * (range.upperBound - range.lowerBound)
    }
  }

  func grid(_ values: [Float], bits: Int) -> LatentGrid {
    values.withUnsafeBufferPointer { LatentGrid(of: $0, levels: 1 << bits - 1) }
  }

  @Test(arguments: LatentQuantizer.bitWidths, [1, 2, 3] as [UInt64])
  func `no value misses by more than half a scale, of whatever sign and size`(bits: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for range in [-1...1, 5...6, -6 ... -5, 1000.1...1000.4, -0.001...300, 0...1e-3] as [ClosedRange<Float>] {
      let values = Self.values(64, in: range, using: &random)
      let grid = grid(values, bits: bits)
      let rounding = max(abs(range.lowerBound), abs(range.upperBound)) * 0x1p-22
      for value in values {
        #expect(
          abs(grid.value(of: grid.code(of: value)) - value) <= grid.scale / 2 + rounding, "\(range), seed \(seed)")
      }
    }
  }

  /// The case that a clamped zero point gets wrong: everything would come back as 0.96.
  @Test func `a slice between 5 and 6 stays there in 4 bits`() {
    let values = (0..<16).map { 5 + Float($0) / 15 }
    let grid = grid(values, bits: 4)
    for (code, value) in values.enumerated() {
      #expect(Int(grid.code(of: value)) == code)
      #expect(abs(grid.value(of: UInt8(code)) - value) <= 0.005)
    }
  }

  /// The ends of a grid are the slice's ends, but for what 16-bit floats round of the offset and of the scale.
  @Test(arguments: LatentQuantizer.bitWidths, [4, 5] as [UInt64])
  func `the least and the greatest value come back`(bits: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for range in [-1...1, 5...6, -6 ... -5, -0.001...300] as [ClosedRange<Float>] {
      let values = Self.values(64, in: range, using: &random)
      let (grid, least, greatest) = (grid(values, bits: bits), values.min() ?? 0, values.max() ?? 0)
      let offsetRounding = Float(Float16(grid.offset).ulp)
      #expect(abs(grid.value(of: grid.code(of: least)) - least) <= offsetRounding, "\(range), seed \(seed)")
      #expect(
        abs(grid.value(of: grid.code(of: greatest)) - greatest)
          <= offsetRounding + Float(grid.levels) * Float(Float16(grid.scale).ulp), "\(range), seed \(seed)")
    }
  }

  @Test(arguments: LatentQuantizer.bitWidths) func `equal values come back as they are`(bits: Int) {
    func returned(_ value: Float) -> Float {
      let grid = grid([Float](repeating: value, count: 8), bits: bits)
      return grid.value(of: grid.code(of: value))
    }
    for value in [0, 1, -3.5, 1024, 0x1p-20] as [Float] { #expect(returned(value) == value) }
    // What no 16-bit float is comes back nearer than the next one: the scale tells the rest.
    for value in [0.1, -0.3, 1000.3, 0x1.555p-8] as [Float] {
      #expect(abs(returned(value) - value) <= Float(Float16(value).ulp) / 256 + 0x1p-24 * Float(1 << bits))
    }
  }

  @Test(arguments: LatentQuantizer.bitWidths, [4, 5, 6, 7] as [UInt64])
  func `rounding again changes nothing`(bits: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for range in [-1...1, 5...6, -3 ... -0.5] as [ClosedRange<Float>] {
      let values = Self.values(48, in: range, using: &random)
      let first = grid(values, bits: bits)
      let once = values.map { first.value(of: first.code(of: $0)) }
      let second = grid(once, bits: bits)
      #expect(once.map { second.value(of: second.code(of: $0)) } == once, "\(range), seed \(seed)")
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e6])
  func `what no 16-bit float holds is seen`(value: Float) throws {
    let grid = grid([1, 2, value, 4], bits: 4)
    #expect(grid.value(of: grid.code(of: 1)).isNaN)
    var packed = try PackedLatents(width: 4, quantizer: LatentQuantizer(bits: 4))
    packed.append([1, 2, value, 4, 1, 2, 3, 4])
    #expect(packed.values(ofToken: 0).allSatisfy { $0.isNaN })
    #expect(packed.values(ofToken: 1).allSatisfy { $0.isFinite })
  }

  @Test(arguments: LatentQuantizer.bitWidths, [(6, nil), (7, 7), (24, 8), (33, nil), (96, 32)] as [(Int, Int?)])
  func `packed codes come back, in bytes that were foretold`(bits: Int, shape: (width: Int, group: Int?)) throws {
    var random = SplitMix64(seed: UInt64(bits * 1000 + shape.width))
    let quantizer = try LatentQuantizer(bits: bits, group: shape.group)
    var packed = try PackedLatents(width: shape.width, quantizer: quantizer)
    let tokens = (0..<9).map { _ in Self.values(shape.width, in: -2...3, using: &random) }
    for token in tokens { packed.append(token) }
    #expect(packed.count == 9)
    let bytesOfToken = try quantizer.byteCount(ofWidth: shape.width)
    #expect(packed.byteCount == 9 * bytesOfToken)
    let slice = shape.group ?? shape.width
    for (number, token) in tokens.enumerated() {
      let expected = stride(from: 0, to: shape.width, by: slice).flatMap { start in
        let part = Array(token[start..<start + slice])
        let grid = grid(part, bits: bits)
        return part.map { grid.value(of: grid.code(of: $0)) }
      }
      #expect(packed.values(ofToken: number) == expected)
    }
    // Any pieces give the same bytes, and what is taken away can come again.
    var pieces = try PackedLatents(width: shape.width, quantizer: quantizer)
    pieces.append(tokens[0] + tokens[1] + tokens[2])
    pieces.append(tokens[3..<9].flatMap { $0 })
    #expect(pieces == packed)
    pieces.truncate(to: 4)
    pieces.append(tokens[4..<9].flatMap { $0 })
    #expect(pieces == packed)
  }

  @Test(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), arguments: LatentQuantizer.bitWidths)
  func `a tensor is rounded as the cache rounds it`(bits: Int) throws {
    var random = SplitMix64(seed: 11)
    let quantizer = try LatentQuantizer(bits: bits, group: 8)
    let values = Self.values(2 * 5 * 24, in: -4...1, using: &random)
    var packed = try PackedLatents(width: 24, quantizer: quantizer)
    packed.append(values)
    let rounded = quantizer.rounded(Tensor(values, shape: [2, 5, 24]), slice: 8)
    #expect(rounded.shape == [2, 5, 24])
    #expect(rounded.scalars(as: Float.self) == (0..<10).flatMap { packed.values(ofToken: $0) })
  }

  @Test func `bits and groups that cannot be are refused`() throws {
    for bits in [0, 1, 5, 16] { #expect(throws: LowRankError.bits(bits)) { try LatentQuantizer(bits: bits) } }
    #expect(throws: LowRankError.indivisibleLatent(width: 24, group: 7)) {
      try PackedLatents(width: 24, quantizer: LatentQuantizer(bits: 4, group: 7))
    }
  }
}
