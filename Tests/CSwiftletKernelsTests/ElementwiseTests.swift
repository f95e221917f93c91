import CSwiftletKernels
import Foundation
import TestSupport
import Testing

/// Oracle: double precision.
@Suite struct ElementwiseTests {
  static let levels = runnableLevels.map(\.rawValue)

  @Test(arguments: levels, activations.map(\.rawValue))
  func `activations are good to a millionth`(level: UInt32, activation: UInt32) {
    var values: [Float] = [0, -0.0, 1e-30, -1e-30, 5.4, -5.4, 88, -88, 120, -120, 1e30, .infinity]
    values += stride(from: Float(-12), through: 12, by: 0.0137)
    let x = Buffer(values)
    let y = Buffer(bytes: values.count * 4)
    swl_activate(swl_isa(level), swl_activation(activation), leakySlope, x.floats, y.floats, values.count)
    #expect(y.guardIsIntact)
    for (value, result) in zip(values, y.values(as: Float.self)) {
      let exact = activated(Double(value), swl_activation(activation))
      #expect(result == Float(exact) || abs(Double(result) - exact) <= 1e-6 * max(1, abs(exact)), "at \(value)")
    }
  }

  @Test(arguments: levels, activations.map(\.rawValue))
  func `not a number stays what it is`(level: UInt32, activation: UInt32) {
    let x = Buffer([Float](repeating: .nan, count: 20))
    let y = Buffer([Float](repeating: 0, count: 20))
    swl_activate(swl_isa(level), swl_activation(activation), leakySlope, x.floats, y.floats, 20)
    let isRightAboutRelu = activation != SWL_RELU.rawValue
    #expect(y.values(as: Float.self).allSatisfy { $0.isNaN } || !isRightAboutRelu)
  }

  /// Oracle: the table itself. Some bytes lie in front of a step of any kernel, some behind.
  @Test(arguments: levels, [0, 1, 63, 64, 65, 127, 128, 129, 300, 1000])
  func `a table maps every byte`(level: UInt32, count: Int) {
    var random = SplitMix64(seed: 31)
    let table = random.bytes(256)
    let values = count < 256 ? random.bytes(count) : (0..<count).map { UInt8($0 % 256) }
    let (x, y) = (Buffer(values), Buffer(bytes: count))
    let (from, to) = (x.address.assumingMemoryBound(to: UInt8.self), y.address.assumingMemoryBound(to: UInt8.self))
    swl_map_bytes(swl_isa(level), table, from, to, count)
    #expect(y.values(as: UInt8.self) == values.map { table[Int($0)] })
    #expect(y.guardIsIntact)
    swl_map_bytes(swl_isa(level), table, from, from, count)
    #expect(x.values(as: UInt8.self) == y.values(as: UInt8.self), "in place")
  }

  @Test(arguments: levels, [0, 1, 7, 8, 15, 16, 17, 33, 100])
  func `sums, products and linear maps are exact`(level: UInt32, count: Int) {
    var random = SplitMix64(seed: 2)
    let a = random.integers(count)
    let b = random.integers(count)
    let x = Buffer(a)
    let z = Buffer(b)
    let y = Buffer(bytes: count * 4)
    swl_add(swl_isa(level), x.floats, z.floats, y.floats, count)
    #expect(y.values(as: Float.self) == zip(a, b).map(+))
    swl_mul(swl_isa(level), x.floats, z.floats, y.floats, count)
    #expect(y.values(as: Float.self) == zip(a, b).map(*))
    swl_scale(swl_isa(level), x.floats, 3, -2, y.floats, count)
    #expect(y.values(as: Float.self) == a.map { 3 * $0 - 2 })
    #expect(y.guardIsIntact)
  }

  /// A batch cuts an array elsewhere than a sample does.
  @Test(arguments: levels, activations.map(\.rawValue))
  func `an element does not depend on where its array is cut`(level: UInt32, activation: UInt32) {
    var random = SplitMix64(seed: 21)
    let x = Buffer(random.floats(75, in: -9...9))
    func activated(_ range: Range<Int>) -> [Float] {
      let y = Buffer(bytes: range.count * 4)
      swl_activate(
        swl_isa(level), swl_activation(activation), leakySlope, x.floats + range.lowerBound, y.floats, range.count)
      return y.values(as: Float.self)
    }
    let whole = activated(0..<75)
    for first in 0..<40 {
      for count in [1, 7, 8, 15, 16, 17, 33] where first + count <= 75 {
        #expect(activated(first..<first + count).elementsEqual(whole[first..<first + count]))
      }
    }
  }

  @Test(arguments: levels)
  func `bytes round half to even and saturate`(level: UInt32) {
    let values: [Float] =
      [0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9, .infinity, -.infinity, .nan, 127.4, 300, -200]
      + (0..<9).map { Float($0) }
    let output = swl_output(type: SWL_U8, scale: 0.5, zero_point: 10)
    let x = Buffer(values.map { $0 * 0.5 })
    let y = Buffer(bytes: values.count)
    let back = Buffer(bytes: values.count * 4)
    swl_write(swl_isa(level), x.floats, output, y.address, values.count)
    let expected = values.map { $0.isNaN ? 0 : UInt8(min(max($0.rounded(.toNearestOrEven) + 10, 0), 255)) }
    #expect(y.values(as: UInt8.self) == expected)
    #expect(y.guardIsIntact)
    swl_read(swl_isa(level), y.address, output, back.floats, values.count)
    #expect(back.values(as: Float.self) == expected.map { 0.5 * (Float($0) - 10) })
  }

  @Test(arguments: levels)
  func `bf16 rounds half to even and comes back`(level: UInt32) {
    var random = SplitMix64(seed: 4)
    let values = random.floats(50, in: -100...100) + [.infinity, -.infinity, 0, 1.0039062, 1.0117188]
    let output = swl_output(type: SWL_BF16, scale: 1, zero_point: 0)
    let x = Buffer(values)
    let y = Buffer(bytes: values.count * 2)
    let back = Buffer(bytes: values.count * 4)
    swl_write(swl_isa(level), x.floats, output, y.address, values.count)
    #expect(y.values(as: UInt16.self) == values.map(narrowed))
    swl_read(swl_isa(level), y.address, output, back.floats, values.count)
    #expect(back.values(as: Float.self) == values.map { widened(narrowed($0)) })
    let nan = Buffer([Float](repeating: Float(bitPattern: 0x7f80_0001), count: 17))
    let narrow = Buffer(bytes: 34)
    swl_write(swl_isa(level), nan.floats, output, narrow.address, 17)
    #expect(narrow.values(as: UInt16.self).allSatisfy { widened($0).isNaN })
  }
}

/// Oracle: double precision.
@Suite struct RowsTests {
  static let levels = runnableLevels.map(\.rawValue)

  @Test(arguments: levels, [1, 5, 16, 63, 64, 100, 384])
  func `layer norm`(level: UInt32, width: Int) {
    var random = SplitMix64(seed: UInt64(width))
    let rows = 6  // some kernels take four at a time
    let values = random.floats(rows * width, in: 2...5)
    let gamma = random.floats(width)
    let beta = random.floats(width)
    let x = Buffer(values)
    let g = Buffer(gamma)
    let b = Buffer(beta)
    for type in [SWL_F32, SWL_BF16, SWL_U8] {
      let output = swl_output(type: type, scale: 0.02, zero_point: 120)
      let y = Buffer(bytes: rows * width * elementSize(type))
      swl_layer_norm(swl_isa(level), x.floats, g.floats, b.floats, 1e-6, y.address, output, rows, width)
      #expect(y.guardIsIntact)
      let result = y.values(of: output)
      for row in 0..<rows {
        let line = values[row * width..<(row + 1) * width].map(Double.init)
        let mean = line.reduce(0, +) / Double(width)
        let variance = line.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(width)
        for (i, value) in line.enumerated() {
          let exact = (value - mean) / (variance + 1e-6).squareRoot() * Double(gamma[i]) + Double(beta[i])
          let expected = clamped(exact, to: output)
          #expect(abs(Double(result[row * width + i]) - expected) <= tolerance(output, at: expected, error: 2e-5))
        }
      }
    }
  }

  @Test(arguments: levels, [1, 5, 16, 63, 100, 384])
  func `a row does not depend on its neighbours`(level: UInt32, width: Int) {
    var random = SplitMix64(seed: UInt64(width))
    let rows = 11
    let x = Buffer(random.floats(rows * width, in: -3...5))
    let (g, b) = (Buffer(random.floats(width)), Buffer(random.floats(width)))
    func normalized(_ range: Range<Int>, _ type: swl_type) -> [Float] {
      let output = swl_output(type: type, scale: 0.02, zero_point: 120)
      let y = Buffer(bytes: range.count * width * elementSize(type))
      swl_layer_norm(
        swl_isa(level), x.floats + range.lowerBound * width, g.floats, b.floats, 1e-6, y.address, output, range.count,
        width)
      return y.values(of: output)
    }
    func softmax(_ range: Range<Int>) -> [Float] {
      let y = Buffer(bytes: range.count * width * 4)
      swl_softmax(swl_isa(level), x.floats + range.lowerBound * width, y.floats, range.count, width)
      return y.values(as: Float.self)
    }
    for first in 0..<rows {
      for count in 1...rows - first {
        let elements = first * width..<(first + count) * width
        for type in [SWL_F32, SWL_BF16, SWL_U8] {
          #expect(normalized(first..<first + count, type).elementsEqual(normalized(0..<rows, type)[elements]))
        }
        #expect(softmax(first..<first + count).elementsEqual(softmax(0..<rows)[elements]))
      }
    }
  }

  @Test(arguments: levels, [1, 7, 16, 33, 197])
  func `softmax`(level: UInt32, width: Int) {
    var random = SplitMix64(seed: UInt64(width))
    let rows = 3
    let values = random.floats(rows * width, in: -20...20)
    let x = Buffer(values)
    let y = Buffer(bytes: rows * width * 4)
    swl_softmax(swl_isa(level), x.floats, y.floats, rows, width)
    #expect(y.guardIsIntact)
    let result = y.values(as: Float.self)
    for row in 0..<rows {
      let line = values[row * width..<(row + 1) * width].map { exp(Double($0)) }
      let total = line.reduce(0, +)
      for (i, value) in line.enumerated() { #expect(abs(Double(result[row * width + i]) - value / total) < 1e-6) }
    }
  }

  @Test(arguments: levels, [1, 16, 21])
  func `mean over rows is exact on integers`(level: UInt32, width: Int) {
    var random = SplitMix64(seed: 9)
    let values = random.integers(2 * 4 * width)
    let x = Buffer(values)
    let y = Buffer(bytes: 2 * width * 4)
    swl_mean_rows(swl_isa(level), x.floats, y.floats, 2, 4, width)
    #expect(y.guardIsIntact)
    for b in 0..<2 {
      for i in 0..<width {
        let sum = (0..<4).map { values[(b * 4 + $0) * width + i] }.reduce(0, +)
        #expect(y.values(as: Float.self)[b * width + i] == sum / 4)
      }
    }
  }
}

/// What a token is quantised to as a layer runs.
@Suite struct QuantizedRowsTests {
  private func quantized(_ values: [Float], rows: Int, level: UInt32) -> (codes: [UInt8], scales: [Float]) {
    let x = Buffer(values)
    let (y, scales) = (Buffer(bytes: values.count), Buffer(bytes: rows * 4))
    swl_quantize_rows(
      swl_isa(level), x.floats, y.address.assumingMemoryBound(to: UInt8.self), scales.floats, rows, values.count / rows)
    #expect(y.guardIsIntact && scales.guardIsIntact)
    return (y.values(as: UInt8.self), scales.values(as: Float.self))
  }

  @Test(arguments: runnableLevels.map(\.rawValue), [1, 7, 8, 31, 32, 100])
  func `no number is off by more than half a step, and the greatest is met`(level: UInt32, width: Int) {
    var random = SplitMix64(seed: UInt64(width))
    let values = random.floats(3 * width, in: -5...5)
    let (codes, scales) = quantized(values, rows: 3, level: level)
    for row in 0..<3 {
      let line = values[row * width..<(row + 1) * width]
      #expect(scales[row] == (line.map(abs).max() ?? 0) / 127)
      #expect(codes[row * width..<(row + 1) * width].contains { $0 == 1 || $0 == 255 })
    }
    for (i, (value, code)) in zip(values, codes).enumerated() {
      let scale = scales[i / width]
      #expect(abs(value - scale * (Float(code) - 128)) <= scale * 0.50001)
    }
  }

  @Test(arguments: runnableLevels.map(\.rawValue))
  func `zeros stay zeros, and what is no number makes its row none`(level: UInt32) {
    let ordinary = [Float](repeating: 2, count: 20)
    for place in [0, 7, 19] {
      var (broken, endless) = (ordinary, ordinary)
      broken[place] = .nan
      endless[place] = -.infinity
      let (codes, scales) = quantized(
        [Float](repeating: 0, count: 20) + broken + endless + ordinary, rows: 4, level: level)
      #expect(codes[..<20].allSatisfy { $0 == 128 } && scales[0] == 0)
      #expect(scales[1].isNaN && scales[2] == .infinity)
      #expect(codes[60...].allSatisfy { $0 == 255 } && scales[3] == 2 / 127)
    }
  }

  /// Oracle: the reference in plain C, bit for bit.
  @Test(arguments: runnableLevels.map(\.rawValue))
  func `every set of instructions writes the same bytes`(level: UInt32) {
    var random = SplitMix64(seed: 77)
    let values = random.floats(5 * 203, in: -1...1)
    let (codes, scales) = quantized(values, rows: 5, level: level)
    let reference = quantized(values, rows: 5, level: SWL_ISA_SCALAR.rawValue)
    #expect(codes == reference.codes && scales == reference.scales)
  }
}

/// Oracle: the formula of the header, element by element.
@Suite struct LayoutTests {
  @Test(arguments: runnableLevels.map(\.rawValue), [1, 2, 4])
  func `patchify follows its formula`(level: UInt32, patch: Int) {
    let (batch, channels, height, width) = (2, 3, 8, 12)
    var random = SplitMix64(seed: 6)
    let values = random.integers(batch * channels * height * width, in: 0...200)
    let x = Buffer(values)
    for type in [SWL_F32, SWL_U8] {
      let output = swl_output(type: type, scale: 1, zero_point: 0)
      let y = Buffer(bytes: values.count * elementSize(type))
      var op = swl_patchify(
        x: x.floats, batch: batch, channels: channels, height: height, width: width, patch: patch, y: y.address,
        output: output)
      let tiles = swl_patchify_tiles(&op)
      swl_patchify_run(swl_isa(level), &op, 0, tiles / 2)
      swl_patchify_run(swl_isa(level), &op, tiles / 2, tiles - tiles / 2)
      #expect(y.guardIsIntact)
      let result = y.values(of: output)
      var at = 0
      for b in 0..<batch {
        for row in 0..<height / patch {
          for column in 0..<width / patch {
            for channel in 0..<channels {
              for i in 0..<patch {
                for j in 0..<patch {
                  let line = (b * channels + channel) * height + row * patch + i
                  #expect(result[at] == values[line * width + column * patch + j])
                  at += 1
                }
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 4, 8])
  func `a strided copy permutes`(size: Int) {
    let shape = [3, 4, 5]
    let count = 60
    var random = SplitMix64(seed: 8)
    let bytes = random.bytes(count * size)
    let x = Buffer(bytes)
    let y = Buffer(bytes: count * size)
    var op = swl_copy()
    op.element_size = size
    op.rank = 3
    (op.shape.0, op.shape.1, op.shape.2) = (shape[0], shape[1], shape[2])
    (op.x_stride.0, op.x_stride.1, op.x_stride.2) = (20, 5, 1)
    (op.y_stride.0, op.y_stride.1, op.y_stride.2) = (1, 15, 3)
    op.x = UnsafeRawPointer(x.address)
    op.y = y.address
    swl_copy_run(&op)
    #expect(y.guardIsIntact)
    let result = y.values(as: UInt8.self)
    for i in 0..<3 {
      for j in 0..<4 {
        for k in 0..<5 {
          for byte in 0..<size {
            #expect(result[(i + 15 * j + 3 * k) * size + byte] == bytes[(i * 20 + j * 5 + k) * size + byte])
          }
        }
      }
    }
  }
}
