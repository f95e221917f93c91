import Foundation
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

/// Law O14: scores of keys that are not rebuilt. Where a pair of channels turns little within a block of tokens, the query that is
/// turned for the block's middle goes through `Lᵀ` once for all of the block; only the fast pairs are rebuilt and turned one by
/// one. What that changes is bounded by how far a slow pair turns on the way to the middle.
///
/// Plain arrays in float64: this is the mathematics that a kernel would be held to.
@Suite struct BlockAbsorptionTests {
  /// A head of queries, and one of keys as latents and what rebuilds them.
  private struct Problem {
    let width = 32, rank = 12, tokens = 130
    let frequencies: [Double]
    /// `[width]`, `[width][rank]` and `[tokens][rank]`.
    let query: [Double], up: [[Double]], latents: [[Double]]

    init(seed: UInt64) {
      var random = SplitMix64(seed: seed)
      func normals(_ count: Int) -> [Double] { (0..<count).map { _ in Double(random.normal()) } }
      let (width, rank) = (self.width, self.rank)
      frequencies = BlockAbsorptionTests.frequencies(width: width, base: 10_000)
      query = normals(width)
      up = (0..<width).map { _ in normals(rank) }
      latents = (0..<tokens).map { _ in normals(rank) }
    }

    /// The query looks from the token behind all others.
    var position: Int { tokens }

    /// Pair j of the query, turned to what it is for a key at a place, which may lie between tokens.
    func turned(_ pair: Int, for place: Double) -> (re: Double, im: Double) {
      let angle = frequencies[pair] * (Double(position) - place)
      let (re, im) = (query[pair], query[pair + width / 2])
      return (re * cos(angle) - im * sin(angle), re * sin(angle) + im * cos(angle))
    }

    func rebuilt(_ channel: Int, _ token: Int) -> Double {
      zip(up[channel], latents[token]).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// A pair's part of the score of a token, for a query that is turned for a place.
    func part(_ pair: Int, _ token: Int, for place: Double) -> Double {
      let q = turned(pair, for: place)
      return q.re * rebuilt(pair, token) + q.im * rebuilt(pair + width / 2, token)
    }

    func exact(_ token: Int) -> Double {
      frequencies.indices.reduce(0) { $0 + part($1, token, for: Double(token)) }
    }

    /// Scores with the pairs from `slow` on absorbed a block at a time, and how the query moves with the place, where
    /// `follows`.
    func absorbed(from slow: Int, block: Int, follows: Bool) -> [Double] {
      (0..<tokens).map { token in
        let start = token / block * block
        let middle = Double(start) + Double(min(block, tokens - start) - 1) / 2
        var (folded, slope) = ([Double](repeating: 0, count: rank), [Double](repeating: 0, count: rank))
        for pair in frequencies.indices.dropFirst(slow) {
          let (q, rate) = (turned(pair, for: middle), frequencies[pair])
          for r in 0..<rank {
            let (a, b) = (up[pair][r], up[pair + width / 2][r])
            folded[r] += q.re * a + q.im * b
            // A later place turns the query less: d/dt of `q e^{iθ(p - t)}` is `-iθ q`.
            slope[r] += rate * (q.im * a - q.re * b)
          }
        }
        let distance = follows ? Double(token) - middle : 0
        let slowPart = zip(latents[token], zip(folded, slope)).reduce(0) { $0 + $1.0 * ($1.1.0 + distance * $1.1.1) }
        return frequencies.indices.prefix(slow).reduce(slowPart) { $0 + part($1, token, for: Double(token)) }
      }
    }

    /// What absorbing may change of a token's score.
    func bound(_ token: Int, from slow: Int, block: Int, follows: Bool) -> Double {
      let start = token / block * block
      let middle = Double(start) + Double(min(block, tokens - start) - 1) / 2
      return frequencies.indices.dropFirst(slow).reduce(0) { sum, pair in
        let angle = frequencies[pair] * abs(Double(token) - middle)
        let q = hypot(query[pair], query[pair + width / 2])
        let k = hypot(rebuilt(pair, token), rebuilt(pair + width / 2, token))
        return sum + q * k * (follows ? angle * angle / 2 : 2 * sin(min(angle, .pi) / 2))
      }
    }
  }

  private static func frequencies(width: Int, base: Double) -> [Double] {
    (0..<width / 2).map { pow(base, -2 * Double($0) / Double(width)) }
  }

  /// The pairs that turn by less than a tenth on the way from a block's end to its middle are those from here on.
  private static func slowPairs(_ frequencies: [Double], block: Int) -> Int {
    frequencies.firstIndex { $0 * Double(block) / 2 < 0.1 } ?? frequencies.count
  }

  /// Oracle: the specification's counts for heads of 128.
  @Test(arguments: [(10_000.0, [33, 28, 23]), (500_000, [42, 39, 35])] as [(Double, [Int])])
  func `so many pairs of a head are slow`(base: Double, counts: [Int]) {
    let frequencies = Self.frequencies(width: 128, base: base)
    #expect([16, 32, 64].map { 64 - Self.slowPairs(frequencies, block: $0) } == counts)
  }

  @Test(arguments: [1, 2, 3] as [UInt64], [false, true])
  func `absorbed scores miss by no more than slow pairs turn`(seed: UInt64, follows: Bool) {
    let problem = Problem(seed: seed)
    let exact = (0..<problem.tokens).map(problem.exact)
    let rounding = 1e-12 * (exact.map(abs).max() ?? 1)
    /// The worst error, and the worst as a share of its bound.
    func worst(from slow: Int, block: Int) -> (error: Double, share: Double) {
      let found = problem.absorbed(from: slow, block: block, follows: follows)
      var (error, share) = (0.0, 0.0)
      for token in 0..<problem.tokens {
        let (miss, bound) = (
          abs(found[token] - exact[token]), problem.bound(token, from: slow, block: block, follows: follows)
        )
        #expect(miss <= bound + rounding, "token \(token), blocks of \(block): \(miss) of \(bound)")
        error = max(error, miss)
        if bound > rounding { share = max(share, miss / bound) }
      }
      return (error, share)
    }
    let slow = Self.slowPairs(problem.frequencies, block: 16)
    #expect(slow > 0 && slow < problem.width / 2)
    let errors = [1, 4, 16, 64].map { worst(from: slow, block: $0) }
    // Blocks of one token are exact, and larger ones are not.
    #expect(errors[0].error <= rounding && errors.map(\.error) == errors.map(\.error).sorted(), "\(errors)")
    // The bound is no idle one.
    #expect(errors.dropFirst().allSatisfy { $0.share > 0.2 }, "\(errors)")
    // No pairs, no error; all pairs, and it still holds.
    #expect(worst(from: problem.width / 2, block: 64).error <= rounding)
    #expect(worst(from: 0, block: 16).error > errors[2].error)
    // The query that follows the place is nearer.
    if follows {
      let still = problem.absorbed(from: slow, block: 16, follows: false)
      #expect(errors[2].error < (zip(still, exact).map { abs($0 - $1) }.max() ?? 0) / 4)
    }
  }

  /// Oracle: the network's own rotations, whose angles are float32.
  @Test(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
  func `exact scores are those of the network's rotations`() {
    let problem = Problem(seed: 4)
    let (width, tokens) = (problem.width, problem.tokens)
    let keys = (0..<tokens).flatMap { token in (0..<width).map { problem.rebuilt($0, token) } }
    let tables = RotaryEmbedding(width: width).tables(for: .range(to: Double(tokens + 1)), length: tokens + 1)
    // The query stands behind all keys.
    let turned = tables(Tensor(keys + problem.query, shape: [1, 1, tokens + 1, width]))
    let scores = turned.narrowed(along: 2, from: tokens, count: 1).matmul(
      turned.narrowed(along: 2, from: 0, count: tokens).transposed(2, 3))
    let exact = Tensor((0..<tokens).map(problem.exact), shape: [1, 1, 1, tokens])
    #expect(distance(scores, exact) <= 1e-3)
  }
}
