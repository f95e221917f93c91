import CSwiftletKernels
import Foundation
import Testing

/// Oracle: softmax(scale * Q K^T + bias + mask) V in double precision.
@Suite struct AttentionTests {
  struct Problem {
    var op = swl_attention()
    var q, k, v: [Float]  // what the stored elements stand for, [batch][tokens][heads * width + gap]
    var bias, mask: [Float]?
    var gap = 3

    init(_ type: swl_type, batch: Int, heads: Int, queries: Int, keys: Int, width: Int, using random: inout Random) {
      op.batch = batch
      op.heads = heads
      op.queries = queries
      op.keys = keys
      op.width = width
      op.type = type
      op.scale = 1 / Float(width).squareRoot()
      op.q_scale = 1
      op.k_scale = 1
      op.v_scale = 1
      if type == SWL_U8 {
        (op.q_scale, op.k_scale, op.v_scale) = (0.02, 0.03, 0.01)
        (op.q_zero_point, op.k_zero_point, op.v_zero_point) = (120, 3, 200)
      }
      func stored(_ tokens: Int, _ gap: Int, _ random: inout Random) -> [Float] {
        let count = batch * tokens * (heads * width + gap)
        return switch type {
        case SWL_U8: random.bytes(count).map(Float.init)
        case SWL_BF16: random.floats(count, in: -2...2).map { widened(narrowed($0)) }
        default: random.floats(count, in: -2...2)
        }
      }
      q = stored(queries, gap, &random)
      k = stored(keys, gap, &random)
      v = stored(keys, gap, &random)
      op.output = swl_output(type: SWL_F32, scale: 1, zero_point: 0)
    }

    func exact() -> [Double] {
      let (batch, heads, queries, keys, width) = (op.batch, op.heads, op.queries, op.keys, op.width)
      let row = heads * width + gap
      var result = [Double](repeating: 0, count: batch * queries * heads * width)
      for b in 0..<batch {
        for h in 0..<heads {
          for t in 0..<queries {
            let scores = (0..<keys).map { key in
              var sum = 0.0
              for i in 0..<width {
                sum +=
                  (Double(q[(b * queries + t) * row + h * width + i]) - Double(op.q_zero_point)) * Double(op.q_scale)
                  * (Double(k[(b * keys + key) * row + h * width + i]) - Double(op.k_zero_point)) * Double(op.k_scale)
              }
              return sum * Double(op.scale) + Double(bias?[(h * queries + t) * keys + key] ?? 0)
                + Double(mask?[(b * queries + t) * keys + key] ?? 0)
            }
            let greatest = scores.max() ?? 0
            let weights = scores.map { exp($0 - greatest) }
            let total = weights.reduce(0, +)
            for i in 0..<width {
              var sum = 0.0
              for key in 0..<keys {
                sum +=
                  weights[key] * (Double(v[(b * keys + key) * row + h * width + i]) - Double(op.v_zero_point))
                  * Double(op.v_scale)
              }
              result[((b * queries + t) * heads + h) * width + i] = sum / total
            }
          }
        }
      }
      return result
    }

    func run(_ isa: swl_isa, using random: inout Random) -> [Float] {
      var op = op
      op.isa = isa
      func encoded(_ values: [Float]) -> Buffer {
        switch op.type {
        case SWL_F32: Buffer(values)
        case SWL_BF16: Buffer(values.map(narrowed))
        default: Buffer(values.map { UInt8($0) })
        }
      }
      let row = op.heads * op.width + gap
      let buffers = [encoded(q), encoded(k), encoded(v)]
      op.q = swl_heads(data: UnsafeRawPointer(buffers[0].address), batch_stride: op.queries * row, token_stride: row)
      op.k = swl_heads(data: UnsafeRawPointer(buffers[1].address), batch_stride: op.keys * row, token_stride: row)
      op.v = swl_heads(data: UnsafeRawPointer(buffers[2].address), batch_stride: op.keys * row, token_stride: row)
      let bias = self.bias.map { Buffer($0) }
      let mask = self.mask.map { Buffer($0) }
      op.bias = bias.map { UnsafePointer($0.floats) }
      op.mask = mask.map { UnsafePointer($0.floats) }
      op.mask_batch_stride = op.queries * op.keys
      let y = Buffer(bytes: op.batch * op.queries * op.heads * op.width * elementSize(op.output.type))
      op.y = y.address
      let scratch = Buffer(bytes: swl_attention_scratch_size(&op))
      let tiles = swl_attention_tiles(&op)
      var tile = 0
      while tile < tiles {
        let count = 1 + random.below(tiles - tile)
        swl_attention_run(&op, tile, count, scratch.address)
        tile += count
      }
      #expect(scratch.guardIsIntact && y.guardIsIntact)
      withExtendedLifetime((buffers, bias, mask)) {}
      return y.values(of: op.output)
    }
  }

  /// f32: rounding alone. bf16: weights rounded to 8 bits of 1. u8: weights rounded to 1/255 of the greatest.
  private func error(_ type: swl_type) -> Double { type == SWL_F32 ? 1e-5 : type == SWL_BF16 ? 0.02 : 0.06 }

  @Test(arguments: runnableLevels.map(\.rawValue), [SWL_F32, SWL_BF16, SWL_U8].map(\.rawValue))
  func `attention agrees with double precision`(level: UInt32, type: UInt32) {
    var random = Random(seed: UInt64(level * 8 + type))
    let sizes = [(1, 1, 1, 1, 1), (2, 3, 7, 19, 64), (1, 2, 53, 16, 20), (2, 1, 5, 33, 7), (1, 1, 3, 70, 96)]
    for (batch, heads, queries, keys, width) in sizes {
      for output in [SWL_F32, SWL_BF16, SWL_U8] {
        var problem = Problem(
          swl_type(type), batch: batch, heads: heads, queries: queries, keys: keys, width: width, using: &random)
        problem.op.output = swl_output(type: output, scale: 0.02, zero_point: 110)
        if Bool.random(using: &random) { problem.bias = random.floats(heads * queries * keys) }
        if Bool.random(using: &random) {
          problem.mask = (0..<batch * queries * keys).map {
            $0 % keys == 0 || Bool.random(using: &random) ? 0 : -Float.infinity
          }
        }
        let result = problem.run(swl_isa(level), using: &random)
        let exact = problem.exact()
        let wrong = zip(result, exact).first { value, exact in
          let expected = clamped(exact, to: problem.op.output)
          return
            !(abs(Double(value) - expected)
            <= tolerance(problem.op.output, at: expected, error: error(swl_type(type))))
        }
        #expect(wrong == nil, "\(name(swl_isa(level))) type \(type) \((batch, heads, queries, keys, width))")
      }
    }
  }

  /// One key: whatever the scores, the result is the value.
  @Test(arguments: runnableLevels.map(\.rawValue))
  func `one key returns its value`(level: UInt32) {
    var random = Random(seed: 11)
    let problem = Problem(SWL_F32, batch: 1, heads: 2, queries: 4, keys: 1, width: 16, using: &random)
    let result = problem.run(swl_isa(level), using: &random)
    for query in 0..<4 { #expect(Array(result[query * 32..<query * 32 + 32]) == Array(problem.v[..<32])) }
  }
}
