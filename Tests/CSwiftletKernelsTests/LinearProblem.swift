import CSwiftletKernels
import Foundation
import TestSupport
import Testing

/// A linear layer in plain layout, its exact result, and the kernels that may compute it.
struct LinearProblem {
  var shape: swl_linear_shape
  var tokens: Int
  var values: [Float]  // [outputs][kept of a row]
  var indices: [UInt8]
  var x: [Float]  // [tokens][xStride]
  var xStride, yStride: Int
  var xType: swl_type
  var xZeroPoint: Int32 = 0
  var output = swl_output(type: SWL_F32, scale: 1, zero_point: 0)
  var scale, xScales, bias, residual: [Float]?
  /// Of 4-bit weights, [outputs][inputs / group].
  var groupScales, groupOffsets: [Float]?
  var activation = SWL_IDENTITY

  /// Small integers throughout, so that the sums are exact in any order.
  static func random(
    _ type: swl_type, tokens: Int, inputs: Int, outputs: Int, kept: Int = 1, group: Int = 1,
    using random: inout SplitMix64
  ) -> LinearProblem {
    let row = inputs / group * kept
    var indices: [UInt8] = []
    for _ in 0..<outputs * inputs / group {
      indices += (0..<UInt8(group)).shuffled(using: &random).prefix(kept).sorted()
    }
    let xStride = inputs + random.below(4)
    let yStride = outputs + random.below(4)
    let bytes = type == SWL_S8
    return LinearProblem(
      shape: swl_linear_shape(
        type: type, inputs: inputs, outputs: outputs, kept: kept, group: group, scale_group: 0),
      tokens: tokens, values: random.integers(outputs * row, in: bytes ? -127...127 : -8...8), indices: indices,
      x: random.integers(tokens * xStride, in: bytes ? 0...255 : -8...8), xStride: xStride, yStride: yStride,
      xType: bytes ? SWL_U8 : type == SWL_F32 || Bool.random(using: &random) ? SWL_F32 : SWL_BF16,
      xZeroPoint: bytes ? Int32(random.below(256)) : 0)
  }

  /// The same for 4-bit weights; scales and offsets are small integers and halves.
  static func randomGroups(
    of size: Int, tokens: Int, groups: Int, outputs: Int, using random: inout SplitMix64
  ) -> LinearProblem {
    var problem = Self.random(SWL_S8, tokens: tokens, inputs: size * groups, outputs: outputs, using: &random)
    problem.shape.type = SWL_U4
    problem.shape.scale_group = size
    problem.values = random.integers(outputs * size * groups, in: 0...15)
    problem.xZeroPoint = 128
    problem.groupScales = random.integers(outputs * groups, in: 1...6).map { $0 / 2 }
    problem.groupOffsets = random.integers(outputs * groups)
    return problem
  }

  /// The weight matrix with its zeros, [outputs][inputs].
  var denseWeights: [Float] {
    var dense = [Float](repeating: 0, count: shape.outputs * shape.inputs)
    let row = shape.inputs / shape.group * shape.kept
    for (at, stored) in values.enumerated() {
      let output = at / row
      var value = stored
      if let groupScales, let groupOffsets {
        value = groupOffsets[at / shape.scale_group] + groupScales[at / shape.scale_group] * stored
      }
      let group = at % row / shape.kept
      let input = shape.kept == shape.group ? at % row : group * shape.group + Int(indices[at])
      dense[output * shape.inputs + input] = value
    }
    return dense
  }

  /// The layer in double precision: [tokens][outputs].
  func exact() -> [Double] {
    let weights = denseWeights
    var results: [Double] = []
    for token in 0..<tokens {
      for output in 0..<shape.outputs {
        var sum = 0.0
        for input in 0..<shape.inputs {
          var value = x[token * xStride + input]
          if shape.type == SWL_BF16 { value = widened(narrowed(value)) }
          sum += (Double(value) - Double(xZeroPoint)) * Double(weights[output * shape.inputs + input])
        }
        sum = sum * Double(scale?[output] ?? 1) * Double(xScales?[token] ?? 1) + Double(bias?[output] ?? 0)
        results.append(activated(sum, activation) + Double(residual?[token * yStride + output] ?? 0))
      }
    }
    return results
  }

  /// The layer for some of the tokens.
  func only(_ range: Range<Int>) -> LinearProblem {
    var problem = self
    problem.tokens = range.count
    problem.x = Array(x[range.lowerBound * xStride..<range.upperBound * xStride])
    problem.xScales = xScales.map { Array($0[range]) }
    problem.residual = residual.map { Array($0[range.lowerBound * yStride..<range.upperBound * yStride]) }
    return problem
  }

  func accepted(by kernel: swl_linear_kernel) -> Bool {
    withUnsafePointer(to: kernel) { kernel in withUnsafePointer(to: shape) { swl_linear_accepts(kernel, $0) } }
  }

  /// The kernel's result, [tokens][yStride], NaN where nothing is written, computed in random ranges of tiles: of all, or
  /// of those in one thread's share.
  func run(
    _ kernel: swl_linear_kernel, share: (thread: Int, threads: Int)? = nil, using random: inout SplitMix64
  ) -> [Float] {
    let packedValues = encoded(values, shape.type)
    let packedX = encoded(x, xType)
    let indices = Buffer(self.indices)
    let y = Buffer(bytes: tokens * yStride * elementSize(output.type))
    let scale = self.scale.map { Buffer($0) }
    let xScales = self.xScales.map { Buffer($0) }
    let groupScales = self.groupScales.map { Buffer($0.map(Float16.init)) }
    let groupOffsets = self.groupOffsets.map { Buffer($0.map(Float16.init)) }
    let bias = self.bias.map { Buffer($0) }
    let residual = self.residual.map { Buffer($0) }
    withUnsafePointer(to: kernel) { kernel in
      var weights = swl_linear_weights(
        shape: shape, values: packedValues.address, indices: indices.address.assumingMemoryBound(to: UInt8.self),
        group_scales: groupScales.map { UnsafePointer($0.address.assumingMemoryBound(to: UInt16.self)) },
        group_offsets: groupOffsets.map { UnsafePointer($0.address.assumingMemoryBound(to: UInt16.self)) })
      let packed = Buffer(bytes: swl_linear_packed_size(kernel, &weights.shape))
      swl_linear_pack(kernel, &weights, packed.address)
      #expect(packed.guardIsIntact)
      let parts = packedInParts(kernel, weights)
      #expect(parts.guardIsIntact)
      #expect(memcmp(parts.address, packed.address, swl_linear_packed_size(kernel, &weights.shape)) == 0)

      var op = swl_linear()
      op.kernel = kernel
      op.shape = shape
      op.packed = UnsafeRawPointer(packed.address)
      op.tokens = tokens
      op.x = UnsafeRawPointer(packedX.address)
      op.x_stride = xStride
      op.x_type = xType
      op.x_zero_point = xZeroPoint
      op.y = y.address
      op.y_stride = yStride
      op.output = output
      op.epilogue = swl_linear_epilogue(
        scale: scale.map { UnsafePointer($0.floats) }, x_scales: xScales.map { UnsafePointer($0.floats) },
        bias: bias.map { UnsafePointer($0.floats) },
        activation: activation, slope: leakySlope, residual: residual.map { UnsafePointer($0.floats) })
      let scratch = Buffer(bytes: swl_linear_scratch_size(&op))
      var tile = share.map { swl_linear_share(&op, $0.thread, $0.threads) } ?? 0
      let end = share.map { swl_linear_share(&op, $0.thread + 1, $0.threads) } ?? swl_linear_tiles(&op)
      while tile < end {
        let count = 1 + random.below(end - tile)
        swl_linear_run(&op, tile, count, scratch.address)
        tile += count
      }
      #expect(scratch.guardIsIntact)
    }
    #expect(y.guardIsIntact)
    return y.values(of: output)
  }
}

/// The weights packed 64 outputs at a time, the last ones first.
private func packedInParts(_ kernel: UnsafePointer<swl_linear_kernel>, _ weights: swl_linear_weights) -> Buffer {
  var shape = weights.shape
  let packed = Buffer(bytes: swl_linear_packed_size(kernel, &shape))
  let row = shape.inputs / shape.group * shape.kept
  for first in stride(from: 0, to: shape.outputs, by: Int(SWL_PACKING_STEP)).reversed() {
    var part = weights
    part.values = weights.values.map { $0 + first * row * elementSize(shape.type) / (shape.type == SWL_U4 ? 2 : 1) }
    part.indices = weights.indices.map { $0 + first * row }
    if shape.scale_group > 0 {
      part.group_scales = weights.group_scales.map { $0 + first * row / shape.scale_group }
      part.group_offsets = weights.group_offsets.map { $0 + first * row / shape.scale_group }
    }
    swl_linear_pack_outputs(kernel, &part, first, min(Int(SWL_PACKING_STEP), shape.outputs - first), packed.address)
  }
  return packed
}

private func encoded(_ values: [Float], _ type: swl_type) -> Buffer {
  switch type {
  case SWL_F32: Buffer(values)
  case SWL_BF16: Buffer(values.map(narrowed))
  case SWL_U8: Buffer(values.map { UInt8($0) })
  case SWL_U4:
    Buffer(stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0]) | UInt8(values[$0 + 1]) << 4 })
  default: Buffer(values.map { Int8($0) })
  }
}

extension swl_linear_kernel {
  /// All rows of the list, the reference first.
  static var all: [swl_linear_kernel] {
    var count = 0
    return UnsafeBufferPointer(start: swl_linear_kernels(&count), count: count).reversed()
  }

  /// All that this processor runs, the reference first.
  static var runnable: [swl_linear_kernel] { all.filter { swl_isa_has(swl_isa_of_processor(), $0.needs) } }

  var title: String { String(cString: name) }
}
