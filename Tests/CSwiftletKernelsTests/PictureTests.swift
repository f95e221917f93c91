import CSwiftletKernels
import TestSupport
import Testing

/// Kernels on pictures whose channels are neighbours. Oracle: the reference in plain C, bit for bit, floats too; what the
/// reference computes is compared with the definitions where graphs run. Between the pixels of the output lie gaps, which
/// nobody may touch.
@Suite struct PictureTests {
  static let levels = runnableLevels.map(\.rawValue)
  private static let gap = 3

  /// Rows of pixels with a gap behind each.
  private static func pictures(_ side: (rows: Int, columns: Int), channels: Int) -> swl_pictures {
    let column = channels + gap
    return swl_pictures(image: side.rows * side.columns * column, row: side.columns * column, column: column)
  }

  private static func input(_ type: swl_type, _ count: Int, using random: inout SplitMix64) -> Buffer {
    type == SWL_U8 ? Buffer(random.bytes(count)) : Buffer(random.floats(count, in: -3...3))
  }

  /// What `run` writes, pixel by pixel, on a level; the last pixel has no gap behind it.
  private static func written(
    _ side: (rows: Int, columns: Int), batch: Int, channels: Int, size: Int, _ title: String,
    _ run: (UnsafeMutableRawPointer) -> Void
  ) -> [UInt8] {
    let pixels = batch * side.rows * side.columns
    let y = Buffer(bytes: (pixels * (channels + gap) - gap) * size)
    run(y.address)
    #expect(y.guardIsIntact, "\(title)")
    let bytes = y.values(as: UInt8.self)
    for pixel in 0..<pixels - 1 {
      let end = (pixel * (channels + gap) + channels) * size
      #expect(bytes[end..<end + gap * size].allSatisfy { $0 == 0xff }, "\(title): a gap was written")
    }
    return bytes
  }

  @Test(arguments: levels, [1, 7, 31, 40, 128, 300])
  func `windows`(level: UInt32, channels: Int) {
    var random = SplitMix64(seed: UInt64(channels))
    let x = (rows: 7, columns: 9)
    for pooling in [SWL_POOL_MAX, SWL_POOL_AVERAGE] {
      for type in [SWL_F32, SWL_U8] {
        for (kernel, padding) in [(2, 0), (5, 2)] {
          let count = 2 * x.rows * x.columns * (channels + Self.gap)
          let input = Self.input(type, count, using: &random)
          let columns = x.columns + 2 * padding - kernel + 1
          let rows = (x.rows + 2 * padding - kernel) / 2 + 1
          func run(_ level: UInt32) -> [UInt8] {
            Self.written(
              (rows, columns), batch: 2, channels: channels, size: elementSize(type), "\(pooling) \(type) \(kernel)"
            ) { target in
              var op = swl_pool()
              (op.isa, op.pooling, op.batch, op.channels) = (swl_isa(level), pooling, 2, channels)
              op.rows = swl_side(
                inputs: x.rows, outputs: rows, kernel: kernel, stride: 2, padding: padding, dilation: 1)
              op.columns = swl_side(
                inputs: x.columns, outputs: columns, kernel: kernel, stride: 1, padding: padding, dilation: 1)
              op.x = UnsafeRawPointer(input.address)
              op.x_pictures = Self.pictures(x, channels: channels)
              op.input = swl_output(type: type, scale: 0.1, zero_point: type == SWL_U8 ? 100 : 0)
              op.y = target
              op.y_pictures = Self.pictures((rows, columns), channels: channels)
              op.output = op.input
              let scratch = Buffer(bytes: swl_pool_scratch_size(&op))
              let tiles = swl_pool_tiles(&op)
              swl_pool_run(&op, tiles / 2, tiles - tiles / 2, scratch.address)
              swl_pool_run(&op, 0, tiles / 2, scratch.address)
              #expect(scratch.guardIsIntact)
            }
          }
          #expect(run(level) == run(SWL_ISA_SCALAR.rawValue), "\(pooling) \(type) \(kernel)")
        }
      }
    }
  }

  @Test func `the greatest of a window with a NaN is NaN, and of none the least`() {
    for level in Self.levels {
      for channels in [1, 8, 40] {
        var values = [Float](repeating: 1, count: 3 * channels)
        values[channels - 1] = .nan
        let (x, y) = (Buffer(values), Buffer(bytes: 3 * channels * 4))
        var op = swl_pool()
        (op.isa, op.pooling, op.batch, op.channels) = (swl_isa(level), SWL_POOL_MAX, 1, channels)
        op.rows = swl_side(inputs: 1, outputs: 1, kernel: 1, stride: 1, padding: 0, dilation: 1)
        op.columns = swl_side(inputs: 3, outputs: 3, kernel: 2, stride: 3, padding: 0, dilation: 1)
        op.x = UnsafeRawPointer(x.address)
        op.y = y.address
        op.x_pictures = swl_pictures(image: 0, row: 0, column: channels)
        op.y_pictures = op.x_pictures
        op.input = swl_output(type: SWL_F32, scale: 1, zero_point: 0)
        op.output = op.input
        swl_pool_run(&op, 0, swl_pool_tiles(&op), nil)
        let found = y.values(as: Float.self)
        #expect(found[channels - 1].isNaN && found[..<(channels - 1)].allSatisfy { $0 == 1 })
        #expect(found[channels...].allSatisfy { $0 == -.infinity })
      }
    }
  }

  @Test(arguments: levels, [1, 7, 31, 40, 128])
  func `other sizes`(level: UInt32, channels: Int) {
    var random = SplitMix64(seed: UInt64(channels))
    let (x, y) = ((rows: 4, columns: 5), (rows: 7, columns: 11))
    for interpolation in [SWL_NEAREST, SWL_BILINEAR] {
      for type in [SWL_F32, SWL_U8] {
        let input = Self.input(type, 2 * x.rows * x.columns * (channels + Self.gap), using: &random)
        func run(_ level: UInt32) -> [UInt8] {
          Self.written(y, batch: 2, channels: channels, size: elementSize(type), "\(interpolation) \(type)") { target in
            var op = swl_resize()
            (op.isa, op.interpolation, op.batch, op.channels) = (swl_isa(level), interpolation, 2, channels)
            op.half_pixels = interpolation == SWL_BILINEAR
            op.rows = swl_resized_side(inputs: x.rows, outputs: y.rows, step: Float(x.rows) / Float(y.rows))
            op.columns = swl_resized_side(
              inputs: x.columns, outputs: y.columns, step: Float(x.columns) / Float(y.columns))
            op.x = UnsafeRawPointer(input.address)
            op.x_pictures = Self.pictures(x, channels: channels)
            op.input = swl_output(type: type, scale: 0.1, zero_point: type == SWL_U8 ? 101 : 0)
            op.y = target
            op.y_pictures = Self.pictures(y, channels: channels)
            op.output = op.input
            let scratch = Buffer(bytes: swl_resize_scratch_size(&op))
            let tiles = swl_resize_tiles(&op)
            swl_resize_run(&op, tiles / 2, tiles - tiles / 2, scratch.address)
            swl_resize_run(&op, 0, tiles / 2, scratch.address)
            #expect(scratch.guardIsIntact)
          }
        }
        #expect(run(level) == run(SWL_ISA_SCALAR.rawValue), "\(interpolation) \(type)")
      }
    }
  }

  @Test(arguments: levels, [1, 7, 16, 37, 128])
  func `one channel at a time`(level: UInt32, channels: Int) {
    var random = SplitMix64(seed: UInt64(channels))
    let x = (rows: 5, columns: 41)
    for type in [SWL_F32, SWL_BF16, SWL_S8] {
      for (repeats, down, across, stride) in [(1, 3, 3, 1), (1, 1, 7, 2), (2, 3, 2, 1)] {
        let outputs = channels * repeats
        let y = (rows: x.rows, columns: (x.columns + 2 - across) / stride + 1)
        let xType = type == SWL_S8 ? SWL_U8 : SWL_F32
        let input = Self.input(xType, 2 * x.rows * x.columns * (channels + Self.gap), using: &random)
        let (scale, bias) = (Buffer(random.floats(outputs, in: 1e-3...2e-3)), Buffer(random.floats(outputs)))
        let packed = Buffer(bytes: swl_depthwise_packed_size(type, outputs, down * across))
        if type == SWL_S8 {
          let weights = random.bytes(outputs * down * across).map { max(-127, Int8(bitPattern: $0)) }
          swl_depthwise_pack(type, outputs, down * across, weights, packed.address)
        } else {
          let weights = random.floats(outputs * down * across).map { type == SWL_BF16 ? widened(narrowed($0)) : $0 }
          swl_depthwise_pack(type, outputs, down * across, weights, packed.address)
        }
        #expect(packed.guardIsIntact)
        for format in [SWL_F32, SWL_U8] {
          func run(_ level: UInt32) -> [UInt8] {
            Self.written(y, batch: 2, channels: outputs, size: elementSize(format), "\(type) \(across)") { target in
              var op = swl_depthwise()
              (op.isa, op.type, op.batch) = (swl_isa(level), type, 2)
              (op.channels, op.outputs, op.packed) = (channels, outputs, UnsafeRawPointer(packed.address))
              op.rows = swl_side(
                inputs: x.rows, outputs: y.rows, kernel: down, stride: 1, padding: down / 2, dilation: 1)
              op.columns = swl_side(
                inputs: x.columns, outputs: y.columns, kernel: across, stride: stride, padding: 1, dilation: 1)
              op.x = UnsafeRawPointer(input.address)
              op.x_pictures = Self.pictures(x, channels: channels)
              (op.x_type, op.x_zero_point) = (xType, type == SWL_S8 ? 99 : 0)
              op.y = target
              op.y_pictures = Self.pictures(y, channels: outputs)
              op.output = swl_output(type: format, scale: 0.05, zero_point: format == SWL_U8 ? 90 : 0)
              (op.scale, op.bias) = (UnsafePointer(scale.floats), UnsafePointer(bias.floats))
              (op.activation, op.slope) = (SWL_LEAKY_RELU, leakySlope)
              let scratch = Buffer(bytes: swl_depthwise_scratch_size(&op))
              let tiles = swl_depthwise_tiles(&op)
              swl_depthwise_run(&op, tiles / 2, tiles - tiles / 2, scratch.address)
              swl_depthwise_run(&op, 0, tiles / 2, scratch.address)
              #expect(scratch.guardIsIntact)
            }
          }
          #expect(run(level) == run(SWL_ISA_SCALAR.rawValue), "\(type) x \(repeats), \(down) x \(across), \(format)")
        }
      }
    }
  }
}
