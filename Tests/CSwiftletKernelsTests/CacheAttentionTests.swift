import CSwiftletKernels
import Foundation
import TestSupport
import Testing

/// Attention on a cache, and streamed attention. Oracle: the definition in double precision.
@Suite struct CacheAttentionTests {
  struct Problem {
    var cache: swl_cache
    var group: Int
    var tokens: Int
    var q, k, v: [Float]  // [batch][tokens][heads][width]

    init(_ type: swl_cache_type, heads: Int, group: Int, width: Int, tokens: Int, using random: inout SplitMix64) {
      let batch = 2
      cache = swl_cache(type: type, batch: batch, heads: heads, width: width, capacity: (tokens + 31) / 32 * 32 + 32)
      (self.group, self.tokens) = (group, tokens)
      // Numbers that every type of a cache holds as they are.
      func stored(_ heads: Int, _ random: inout SplitMix64) -> [Float] {
        random.integers(batch * tokens * heads * width).map { $0 / 4 }
      }
      q = random.floats(batch * tokens * heads * group * width, in: -1...1)
      k = stored(heads, &random)
      v = stored(heads, &random)
    }

    var heads: Int { cache.heads * group }

    func exact() -> [Double] {
      let width = cache.width
      var result: [Double] = []
      for b in 0..<cache.batch {
        for t in 0..<tokens {
          for h in 0..<heads {
            func key(_ token: Int, _ i: Int) -> Int {
              ((b * tokens + token) * cache.heads + h / group) * width + i
            }
            let scores = (0...t).map { token in
              (0..<width).reduce(0.0) {
                $0 + Double(q[((b * tokens + t) * heads + h) * width + $1]) * Double(k[key(token, $1)])
              } * 0.25
            }
            let greatest = scores.max() ?? 0
            let weights = scores.map { exp($0 - greatest) }
            let total = weights.reduce(0, +)
            result += (0..<width).map { i in
              (0...t).reduce(0.0) { $0 + weights[$1] * Double(v[key($1, i)]) } / total
            }
          }
        }
      }
      return result
    }

    /// Appends and attends piece by piece; the cache is NaN where nothing was written, and has guard bytes behind it.
    func run(_ isa: swl_isa, pieces: [Int], using random: inout SplitMix64) -> [Float] {
      var cache = cache
      let (keys, values) = (Buffer(bytes: swl_cache_keys_size(&cache)), Buffer(bytes: swl_cache_values_size(&cache)))
      let (q, k, v) = (Buffer(self.q), Buffer(self.k), Buffer(self.v))
      var result = [Float](repeating: .nan, count: self.q.count)
      func rows(_ buffer: Buffer, _ width: Int, from start: Int) -> swl_heads {
        swl_heads(
          data: UnsafeRawPointer(buffer.floats + start * width), batch_stride: tokens * width, token_stride: width)
      }
      var start = 0
      for length in pieces {
        for (data, x, isValues) in [(keys, k, false), (values, v, true)] {
          var append = swl_cache_append()
          (append.cache, append.values, append.data, append.x_type) = (cache, isValues, data.address, SWL_F32)
          append.x = rows(x, cache.heads * cache.width, from: start)
          (append.tokens, append.position) = (length, start)
          swl_cache_append_run(&append, 0, swl_cache_append_tiles(&append))
        }
        let width = heads * cache.width
        let y = Buffer(bytes: cache.batch * length * width * 4)
        var op = swl_cache_attention()
        (op.isa, op.cache, op.heads, op.queries, op.type) = (isa, cache, heads, length, SWL_F32)
        op.q = rows(q, width, from: start)
        (op.keys, op.values) = (UnsafeRawPointer(keys.address), UnsafeRawPointer(values.address))
        (op.scale, op.position) = (0.25, start)
        (op.y, op.output) = (y.address, swl_output(type: SWL_F32, scale: 1, zero_point: 0))
        let shared = Buffer(bytes: swl_cache_attention_shared_size(&op))
        let counters = Buffer([UInt32](repeating: 0, count: cache.batch * cache.heads))
        (op.shared, op.finished) = (shared.floats, counters.address.assumingMemoryBound(to: UInt32.self))
        let scratch = Buffer(bytes: swl_cache_attention_scratch_size(&op))
        // Tiles in any order: threads come as they like.
        for tile in (0..<swl_cache_attention_tiles(&op)).shuffled(using: &random) {
          swl_cache_attention_run(&op, tile, 1, scratch.address)
        }
        #expect([y, shared, scratch, counters, keys, values].allSatisfy { $0.guardIsIntact })
        #expect(counters.values(as: UInt32.self).allSatisfy { $0 == 0 })
        for b in 0..<cache.batch {
          let at = (b * tokens + start) * width
          result.replaceSubrange(
            at..<at + length * width,
            with: y.values(as: Float.self)[b * length * width..<(b + 1) * length * width])
        }
        start += length
      }
      return result
    }
  }

  @Test(
    arguments: runnableLevels.map(\.rawValue), [SWL_CACHE_F32, SWL_CACHE_BF16, SWL_CACHE_F16].map(\.rawValue))
  func `attention on a cache agrees with double precision, in pieces of any length`(level: UInt32, type: UInt32) {
    var random = SplitMix64(seed: UInt64(level * 8 + type))
    for (heads, group, width, tokens) in [(1, 1, 1, 1), (2, 3, 20, 40), (1, 2, 80, 35), (2, 1, 3, 270), (1, 2, 256, 9)]
    {
      let problem = Problem(
        swl_cache_type(type), heads: heads, group: group, width: width, tokens: tokens, using: &random)
      let whole = problem.run(swl_isa(level), pieces: [tokens], using: &random)
      let exact = problem.exact()
      let wrong = zip(whole, exact).first { !(abs(Double($0) - $1) <= 1e-5 * max(1, abs($1))) }
      #expect(wrong == nil, "\(name(swl_isa(level))) \((heads, group, width, tokens))")
      for _ in 0..<2 {
        var (pieces, left) = ([Int](), tokens)
        while left > 0 {
          pieces.append(1 + random.below(Bool.random(using: &random) ? left : min(left, 4)))
          left -= pieces.last ?? left
        }
        #expect(problem.run(swl_isa(level), pieces: pieces, using: &random) == whole, "\(pieces)")
      }
    }
  }

  /// Every half, and what lies between: numbers that are nearer to one half than to the next become it, ties the even
  /// one.
  @Test func `keys are rounded to the nearest half`() {
    var random = SplitMix64(seed: 3)
    let halves = (0..<0x7c00).map { Float(Float16(bitPattern: UInt16($0))) }
    let between = zip(halves, halves.dropFirst()).map { ($0 + $1) / 2 }
    let numbers =
      halves + between + between.map(\.nextUp) + between.map(\.nextDown)
      + [65519, 65520, 1e30, .infinity, -.infinity, -0.0, 1e-30] + random.floats(10000, in: -70000...70000)
    let all = numbers + numbers.map { -$0 }
    var cache = swl_cache(type: SWL_CACHE_F16, batch: 1, heads: 1, width: all.count, capacity: 32)
    let (data, x) = (Buffer(bytes: swl_cache_keys_size(&cache)), Buffer(all))
    var append = swl_cache_append()
    (append.cache, append.data, append.x_type, append.tokens) = (cache, data.address, SWL_F32, 1)
    append.x = swl_heads(data: UnsafeRawPointer(x.address), batch_stride: 0, token_stride: 0)
    swl_cache_append_run(&append, 0, 1)
    let stored = data.values(as: UInt16.self)
    let wrong = all.indices.first { stored[32 * $0] != Float16(all[$0]).bitPattern }
    #expect(wrong == nil, "\(wrong.map { all[$0] } ?? 0)")
  }
}
