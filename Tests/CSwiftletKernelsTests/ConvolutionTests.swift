import CSwiftletKernels
import Foundation
import TestSupport
import Testing

/// A convolution in plain layout, and its result by the definition.
private struct ConvolutionProblem {
  let kernel, stride, padding, dilation, size: [Int]
  let batch, groups, channels: Int
  let layer: [LinearProblem]  // the weights of each group
  /// How far samples, channels, rows and columns of x lie apart.
  let strides: [Int]
  let x: [Float]
  let yStride: Int
  let bias: [Float]

  var outputs: Int { layer[0].shape.outputs }
  var output: [Int] {
    (0..<2).map { (size[$0] + 2 * padding[$0] - dilation[$0] * (kernel[$0] - 1) - 1) / stride[$0] + 1 }
  }

  static func random(
    _ type: swl_type, kept: Int, group: Int, isPlain: Bool, using random: inout SplitMix64
  ) -> Self {
    let (batch, groups) = (1 + random.below(2), 1 + random.below(3))
    let channels = group * (1 + random.below(max(2, 12 / group)))
    let outputs = [1, 3, 16, 40, 65][random.below(5)]
    func pair(_ numbers: ClosedRange<Int>, plain: Int) -> [Int] {
      (0..<2).map { _ in isPlain ? plain : numbers.lowerBound + random.below(numbers.count) }
    }
    let kernel = pair(1...4, plain: 1)
    let (stride, padding, dilation) = (pair(1...3, plain: 1), pair(0...3, plain: 0), pair(1...2, plain: 1))
    let size = (0..<2).map { max(1, dilation[$0] * (kernel[$0] - 1) + 1 - 2 * padding[$0]) + random.below(9) }
    let layer = (0..<groups).map { _ in
      LinearProblem.random(
        type, tokens: 0, inputs: kernel[0] * kernel[1] * channels, outputs: outputs, kept: kept, group: group,
        using: &random)
    }
    let all = groups * channels
    let column = all + random.below(4)
    let strides =
      Bool.random(using: &random)
      ? [size[0] * size[1] * column, 1, size[1] * column, column]
      : [all * size[0] * size[1], size[0] * size[1], size[1], 1]
    return Self(
      kernel: kernel, stride: stride, padding: padding, dilation: dilation, size: size, batch: batch, groups: groups,
      channels: channels, layer: layer, strides: strides,
      x: random.integers(batch * size[0] * size[1] * column, in: type == SWL_S8 ? 0...255 : -8...8),
      yStride: groups * outputs + random.below(4), bias: random.integers(groups * outputs))
  }

  /// `[positions of all samples][groups * outputs]`.
  func exact(zeroPoint: Int32) -> [Double] {
    let (output, weights) = (output, layer.map(\.denseWeights))
    var results: [Double] = []
    for position in 0..<batch * output[0] * output[1] {
      let (image, place) = position.quotientAndRemainder(dividingBy: output[0] * output[1])
      let corner = [place / output[1] * stride[0] - padding[0], place % output[1] * stride[1] - padding[1]]
      for channel in 0..<groups * outputs {
        var sum = Double(bias[channel])
        let (group, row) = (channel / outputs, channel % outputs * layer[0].shape.inputs)
        for i in 0..<kernel[0] {
          for j in 0..<kernel[1] {
            let (down, across) = (corner[0] + i * dilation[0], corner[1] + j * dilation[1])
            guard (0..<size[0]).contains(down), (0..<size[1]).contains(across) else { continue }
            for c in 0..<channels {
              let value = x[
                image * strides[0] + (group * channels + c) * strides[1] + down * strides[2] + across * strides[3]]
              let weight = weights[group][row + (i * kernel[1] + j) * channels + c]
              sum += (Double(value) - Double(zeroPoint)) * Double(weight)
            }
          }
        }
        results.append(max(0, sum))
      }
    }
    return results
  }

  /// The result with a ReLU, `[positions][yStride]`, NaN where nothing is written; shares of three threads, in pieces.
  func run(_ kernel: swl_linear_kernel, zeroPoint: Int32, using random: inout SplitMix64) -> [Float] {
    let shape = layer[0].shape
    let isInteger = shape.type == SWL_S8
    let input = isInteger ? Buffer(x.map { UInt8($0) }) : Buffer(x)
    let y = Buffer(bytes: batch * output[0] * output[1] * yStride * 4)
    let bias = Buffer(bias)
    withUnsafePointer(to: kernel) { kernel in
      let groupSize = withUnsafePointer(to: shape) { (swl_linear_packed_size(kernel, $0) + 63) / 64 * 64 }
      let packed = Buffer(bytes: groups * groupSize)
      for (group, problem) in layer.enumerated() {
        let values =
          switch shape.type {
          case SWL_F32: Buffer(problem.values)
          case SWL_BF16: Buffer(problem.values.map(narrowed))
          default: Buffer(problem.values.map { Int8($0) })
          }
        let indices = Buffer(problem.indices)
        var weights = swl_linear_weights(
          shape: shape, values: values.address, indices: indices.address.assumingMemoryBound(to: UInt8.self),
          group_scales: nil, group_offsets: nil)
        swl_linear_pack(kernel, &weights, packed.address + group * groupSize)
      }
      var op = swl_convolution()
      (op.linear, op.shape, op.groups) = (kernel, shape, groups)
      (op.packed, op.packed_stride) = (UnsafeRawPointer(packed.address), groupSize)
      op.kernel = (self.kernel[0], self.kernel[1])
      op.stride = (stride[0], stride[1])
      op.padding = (padding[0], padding[1])
      op.dilation = (dilation[0], dilation[1])
      (op.batch, op.size, op.output_size) = (batch, (size[0], size[1]), (output[0], output[1]))
      (op.x, op.x_sample, op.x_channel) = (UnsafeRawPointer(input.address), strides[0], strides[1])
      (op.x_row, op.x_column) = (strides[2], strides[3])
      (op.x_type, op.x_zero_point) = (isInteger ? SWL_U8 : SWL_F32, zeroPoint)
      (op.y, op.y_stride, op.output) = (y.address, yStride, swl_output(type: SWL_F32, scale: 1, zero_point: 0))
      (op.epilogue.bias, op.epilogue.activation) = (UnsafePointer(bias.floats), SWL_RELU)
      let scratch = Buffer(bytes: swl_convolution_scratch_size(&op))
      for thread in 0..<3 {
        var tile = swl_convolution_share(&op, thread, 3)
        let end = swl_convolution_share(&op, thread + 1, 3)
        while tile < end {
          let count = 1 + random.below(end - tile)
          swl_convolution_run(&op, tile, count, scratch.address)
          tile += count
        }
      }
      #expect(swl_convolution_share(&op, 3, 3) == swl_convolution_tiles(&op))
      #expect(scratch.guardIsIntact)
    }
    #expect(y.guardIsIntact)
    return y.values(as: Float.self)
  }
}

/// Oracle: the definition in double precision. The data are small integers, so equality is exact.
@Suite struct ConvolutionTests {
  @Test(arguments: swl_linear_kernel.runnable.map(\.title))
  func `every kernel of linear layers convolves by the definition`(title: String) throws {
    let kernel = try #require(swl_linear_kernel.runnable.first { $0.title == title })
    for seed in 1...12 as ClosedRange<UInt64> {
      var random = SplitMix64(seed: seed)
      for type in [SWL_F32, SWL_BF16, SWL_S8] {
        for (kept, group) in [(1, 1), (2, 4), (1, 4), (3, 8)] {
          let problem = ConvolutionProblem.random(
            type, kept: kept, group: group, isPlain: seed % 4 == 0, using: &random)
          guard problem.layer[0].accepted(by: kernel) else { continue }
          let zeroPoint: Int32 = type == SWL_S8 ? 117 : 0
          let exact = problem.exact(zeroPoint: zeroPoint)
          let found = problem.run(kernel, zeroPoint: zeroPoint, using: &random)
          let (written, stride) = (problem.groups * problem.outputs, problem.yStride)
          let isRight = found.indices.allSatisfy { at in
            at % stride < written ? Double(found[at]) == exact[at / stride * written + at % stride] : found[at].isNaN
          }
          #expect(isRight, "seed \(seed), \(kept):\(group): \(problem.kernel) on \(problem.size), \(written) outputs")
        }
      }
    }
  }
}
