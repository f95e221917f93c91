import CSwiftletKernels
import Foundation
import TestSupport
import Testing

/// Oracle: softmax(scale * Q K^T + bias + mask) V in double precision.
@Suite struct AttentionTests {
  struct Problem {
    var op = swl_attention()
    var q, k, v: [Float]  // what the stored elements stand for, [batch][tokens][heads * width + gap]
    var bias, mask: [Float]?
    var rows: [UInt32]?
    var gap = 3

    init(_ type: swl_type, batch: Int, heads: Int, queries: Int, keys: Int, width: Int, using random: inout SplitMix64)
    {
      op.batch = batch
      op.heads = heads
      op.queries = queries
      op.keys = keys
      op.width = width
      op.type = type
      (op.masks, op.windows) = (batch, 1)
      op.scale = 1 / Float(width).squareRoot()
      op.q_scale = 1
      op.k_scale = 1
      op.v_scale = 1
      if type == SWL_U8 {
        (op.q_scale, op.k_scale, op.v_scale) = (0.02, 0.03, 0.01)
        (op.q_zero_point, op.k_zero_point, op.v_zero_point) = (120, 3, 200)
      }
      func stored(_ tokens: Int, _ gap: Int, _ random: inout SplitMix64) -> [Float] {
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

    /// The problem for some queries of one image, without bias and mask.
    func only(batch: Int, queries range: Range<Int>) -> Problem {
      var problem = self
      let row = op.heads * op.width + gap
      func image(_ values: [Float], _ tokens: Int, _ range: Range<Int>) -> [Float] {
        Array(values[(batch * tokens + range.lowerBound) * row..<(batch * tokens + range.upperBound) * row])
      }
      problem.q = image(q, op.queries, range)
      problem.k = image(k, op.keys, 0..<op.keys)
      problem.v = image(v, op.keys, 0..<op.keys)
      (problem.op.batch, problem.op.masks, problem.op.queries) = (1, 1, range.count)
      return problem
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
                + Double(mask?[(b % op.masks * queries + t) * keys + key] ?? 0)
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

    func run(_ isa: swl_isa, using random: inout SplitMix64) -> [Float] {
      var op = op
      op.isa = isa
      func encoded(_ values: [Float]) -> Buffer {
        let values = scattered(values, width: op.heads * op.width + gap)
        return switch op.type {
        case SWL_F32: Buffer(values)
        case SWL_BF16: Buffer(values.map(narrowed))
        default: Buffer(values.map { UInt8($0) })
        }
      }
      let row = op.heads * op.width + gap
      let buffers = [encoded(q), encoded(k), encoded(v)]
      func heads(_ buffer: Buffer, _ tokens: Int) -> swl_heads {
        swl_heads(
          data: UnsafeRawPointer(buffer.address), batch_stride: (rows == nil ? 1 : op.windows) * tokens * row,
          token_stride: row)
      }
      (op.q, op.k, op.v) = (heads(buffers[0], op.queries), heads(buffers[1], op.keys), heads(buffers[2], op.keys))
      let bias = self.bias.map { Buffer($0) }
      let mask = self.mask.map { Buffer($0) }
      op.bias = bias.map { UnsafePointer($0.floats) }
      op.mask = mask.map { UnsafePointer($0.floats) }
      let table = self.rows.map { Buffer($0) }
      op.rows = table.map { UnsafePointer($0.address.assumingMemoryBound(to: UInt32.self)) }
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
      withExtendedLifetime((buffers, bias, mask, table)) {}
      return gathered(y.values(of: op.output), width: op.heads * op.width)
    }

    /// Rows of all windows in their order, from where they stand in the images.
    private func gathered(_ values: [Float], width: Int) -> [Float] {
      places.map { places in places.flatMap { values[$0 * width..<($0 + 1) * width] } } ?? values
    }

    /// Rows in the order of windows, to where they stand in the images.
    private func scattered(_ values: [Float], width: Int) -> [Float] {
      guard let places else { return values }
      var result = values
      for (i, place) in places.enumerated() {
        result.replaceSubrange(place * width..<(place + 1) * width, with: values[i * width..<(i + 1) * width])
      }
      return result
    }

    private var places: [Int]? {
      rows.map { rows in (0..<op.batch / op.windows).flatMap { image in rows.map { image * rows.count + Int($0) } } }
    }
  }

  /// f32: rounding alone. bf16: weights rounded to 8 bits of 1. u8: weights rounded to 1/255 of the greatest.
  private func error(_ type: swl_type) -> Double { type == SWL_F32 ? 1e-5 : type == SWL_BF16 ? 0.02 : 0.06 }

  @Test(arguments: runnableLevels.map(\.rawValue), [SWL_F32, SWL_BF16, SWL_U8].map(\.rawValue))
  func `attention agrees with double precision`(level: UInt32, type: UInt32) {
    var random = SplitMix64(seed: UInt64(level * 8 + type))
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

  /// Windows whose rows are scattered over their image give what the same windows give side by side; masks repeat.
  @Test(arguments: runnableLevels.map(\.rawValue), [SWL_F32, SWL_BF16, SWL_U8].map(\.rawValue))
  func `windows attend where they stand`(level: UInt32, type: UInt32) {
    var random = SplitMix64(seed: UInt64(level * 8 + type))
    for (images, windows, tokens, masks) in [(1, 1, 5, 1), (2, 4, 49, 4), (3, 2, 16, 2), (2, 6, 9, 3)] {
      var problem = Problem(
        swl_type(type), batch: images * windows, heads: 2, queries: tokens, keys: tokens, width: 20, using: &random)
      problem.op.windows = windows
      problem.op.masks = masks
      problem.bias = random.floats(2 * tokens * tokens)
      problem.mask = (0..<masks * tokens * tokens).map { _ in Bool.random(using: &random) ? 0 : -100 }
      problem.rows = (0..<UInt32(windows * tokens)).shuffled(using: &random)
      let result = problem.run(swl_isa(level), using: &random)
      let wrong = zip(result, problem.exact()).first { abs(Double($0) - $1) > error(swl_type(type)) * max(1, abs($1)) }
      #expect(wrong == nil, "\(name(swl_isa(level))) type \(type) \((images, windows, tokens, masks))")
    }
  }

  /// Every query alone, and with its neighbours, bit for bit; so for images among others.
  @Test(arguments: runnableLevels.map(\.rawValue), [SWL_F32, SWL_BF16, SWL_U8].map(\.rawValue))
  func `a query does not depend on its neighbours`(level: UInt32, type: UInt32) {
    var random = SplitMix64(seed: UInt64(level * 8 + type))
    let problem = Problem(swl_type(type), batch: 3, heads: 2, queries: 37, keys: 53, width: 20, using: &random)
    let together = problem.run(swl_isa(level), using: &random)
    let row = 2 * 20
    for (batch, first, count) in [(0, 0, 1), (2, 36, 1), (1, 5, 2), (1, 3, 7), (2, 10, 16), (0, 20, 17), (1, 0, 37)] {
      let some = problem.only(batch: batch, queries: first..<first + count).run(swl_isa(level), using: &random)
      let start = (batch * 37 + first) * row
      #expect(
        some.elementsEqual(together[start..<start + count * row]),
        "\(name(swl_isa(level))) type \(type), \(count) queries from \(first)")
    }
  }

  /// One key: whatever the scores, the result is the value.
  @Test(arguments: runnableLevels.map(\.rawValue))
  func `one key returns its value`(level: UInt32) {
    var random = SplitMix64(seed: 11)
    let problem = Problem(SWL_F32, batch: 1, heads: 2, queries: 4, keys: 1, width: 16, using: &random)
    let result = problem.run(swl_isa(level), using: &random)
    for query in 0..<4 { #expect(Array(result[query * 32..<query * 32 + 32]) == Array(problem.v[..<32])) }
  }
}
