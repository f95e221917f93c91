import CSwiftletKernels
import Foundation
import TestSupport
import Testing

/// Oracle: double precision on the plain weights. The data are small integers, so equality is exact.
@Suite struct LinearTests {
  static let kernels = swl_linear_kernel.runnable.map(\.title)

  private func kernel(_ title: String) throws -> swl_linear_kernel {
    try #require(swl_linear_kernel.runnable.first { $0.title == title })
  }

  /// Compares the written part, and expects the rest to be untouched.
  private func expectEqual(
    _ result: [Float], _ exact: [Double], _ problem: LinearProblem, error: Double = 0, _ comment: Comment
  ) {
    for token in 0..<problem.tokens {
      for column in 0..<problem.yStride {
        let value = result[token * problem.yStride + column]
        guard column < problem.shape.outputs else {
          if problem.output.type != SWL_U8 { #expect(value.isNaN, "written past the row: \(comment)") }
          continue
        }
        let expected = clamped(exact[token * problem.shape.outputs + column], to: problem.output)
        let allowed =
          error == 0 && problem.output.type == SWL_F32 ? 0 : tolerance(problem.output, at: expected, error: error)
        if !(abs(Double(value) - expected) <= allowed) {
          Issue.record("[\(token)][\(column)] is \(value), expected \(expected): \(comment)")
          return
        }
      }
    }
  }

  /// Shares are cut between tiles, of at most 80 tokens and 64 outputs or of one token and all outputs, so that each end
  /// may be off by one.
  @Test(arguments: kernels) func `the shares of threads cover the layer and are about equal`(title: String) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 7)
    let patterns = [(SWL_F32, 1, 1), (SWL_F32, 1, 4), (SWL_BF16, 1, 1), (SWL_BF16, 2, 4), (SWL_BF16, 1, 4)]
    for (type, kept, group) in patterns + [(SWL_S8, 1, 1), (SWL_S8, 2, 4), (SWL_S8, 1, 4)] {
      for (tokens, threads) in [(1, 2), (65, 3), (197, 2)] {
        let problem = LinearProblem.random(
          type, tokens: tokens, inputs: 32, outputs: 400, kept: kept, group: group, using: &random)
        guard problem.accepted(by: kernel) else { continue }
        let written = (0..<threads).map { thread in
          problem.run(kernel, share: (thread, threads), using: &random).count { !$0.isNaN }
        }
        #expect(written.reduce(0, +) == tokens * 400, "\(kept):\(group), \(tokens) tokens")
        let tile = max(min(80, tokens) * 64, 400)
        #expect((written.max() ?? 0) - (written.min() ?? 0) <= 2 * tile, "\(kept):\(group), \(tokens) tokens")
      }
    }
  }

  @Test(arguments: kernels, UInt64(1)...6)
  func `every kernel is exact on integers, with tails in every dimension`(title: String, seed: UInt64) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: seed)
    for type in [SWL_F32, SWL_BF16, SWL_S8] {
      for (kept, group) in [(1, 1), (2, 4), (1, 4), (4, 8), (1, 8), (3, 5)] {
        let inputs = group == 1 ? 1 + random.below(90) : group * (1 + random.below(90 / group))
        let tokens = [1, 2, 5, 6, 7, 16, 17, 67][random.below(8)]
        let outputs = [1, 3, 15, 16, 17, 40, 64, 81][random.below(8)]
        let problem = LinearProblem.random(
          type, tokens: tokens, inputs: inputs, outputs: outputs, kept: kept, group: group, using: &random)
        guard problem.accepted(by: kernel) else { continue }
        expectEqual(
          problem.run(kernel, using: &random), problem.exact(), problem,
          "\(title) \(kept):\(group) tokens \(tokens) inputs \(inputs) outputs \(outputs) seed \(seed)")
      }
    }
  }

  @Test(arguments: kernels)
  func `every N of every M up to 16 is exact`(title: String) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 16)
    for type in [SWL_F32, SWL_S8] {
      for group in 2...16 {
        for kept in 1...group {
          let problem = LinearProblem.random(
            type, tokens: 3, inputs: group * 3, outputs: 5, kept: kept, group: group, using: &random)
          guard problem.accepted(by: kernel) else { continue }
          expectEqual(
            problem.run(kernel, using: &random), problem.exact(), problem, "\(title) \(kept):\(group), seed 16")
        }
      }
    }
  }

  /// Packing loses nothing: the rows of the identity come back as the columns of the weights.
  @Test(arguments: kernels)
  func `unit inputs return the weights`(title: String) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 3)
    for type in [SWL_F32, SWL_BF16, SWL_S8] {
      for (kept, group) in [(1, 1), (2, 4), (1, 4), (5, 6)] {
        var problem = LinearProblem.random(
          type, tokens: 48, inputs: 48, outputs: 37, kept: kept, group: group, using: &random)
        guard problem.accepted(by: kernel) else { continue }
        problem.xStride = 48
        problem.xZeroPoint = 0
        problem.x = (0..<48 * 48).map { $0 / 48 == $0 % 48 ? 1 : 0 }
        let result = problem.run(kernel, using: &random)
        let weights = problem.denseWeights
        for input in 0..<48 {
          for output in 0..<37 {
            #expect(
              result[input * problem.yStride + output] == weights[output * 48 + input], "\(title) \(kept):\(group)")
          }
        }
      }
    }
  }

  /// Tolerance: rounding errors of a sum of K products, K * epsilon / 2 of the sum of their magnitudes, at the most.
  @Test(arguments: kernels)
  func `random floats agree within K epsilon`(title: String) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 5)
    for type in [SWL_F32, SWL_BF16] {
      for (kept, group) in [(1, 1), (2, 4), (1, 4), (7, 16)] {
        var problem = LinearProblem.random(
          type, tokens: 21, inputs: 208, outputs: 70, kept: kept, group: group, using: &random)
        guard problem.accepted(by: kernel) else { continue }
        problem.x = random.floats(problem.x.count)
        problem.values = random.floats(problem.values.count).map { type == SWL_BF16 ? widened(narrowed($0)) : $0 }
        let error = 208 * Double(Float.ulpOfOne) * Double(208 * kept / group) / 4
        expectEqual(
          problem.run(kernel, using: &random), problem.exact(), problem, error: error, "\(title) \(kept):\(group)")
      }
    }
  }

  /// Random floats and enough inputs for sums in several parts and blocks; counts of tokens around every width of a
  /// panel, each beginning elsewhere.
  @Test(arguments: kernels)
  func `a token's outputs do not depend on its neighbours`(title: String) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 9)
    for type in [SWL_F32, SWL_BF16, SWL_S8] {
      for (kept, group) in [(1, 1), (2, 4), (1, 4), (3, 8)] {
        var problem = LinearProblem.random(
          type, tokens: 150, inputs: 568, outputs: 21, kept: kept, group: group, using: &random)
        guard problem.accepted(by: kernel) else { continue }
        problem.activation = SWL_GELU
        if type == SWL_S8 {
          problem.scale = random.floats(21, in: 1e-6...1e-5)
        } else {
          problem.x = random.floats(problem.x.count)
          problem.values = random.floats(problem.values.count).map { type == SWL_BF16 ? widened(narrowed($0)) : $0 }
        }
        let together = problem.run(kernel, using: &random)
        for count in [1, 2, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 80] {
          let first = random.below(problem.tokens - count)
          let some = problem.only(first..<first + count).run(kernel, using: &random)
          for token in 0..<count {
            let row = some[token * problem.yStride..<token * problem.yStride + 21]
            let expected = together[(first + token) * problem.yStride..<(first + token) * problem.yStride + 21]
            #expect(row.elementsEqual(expected), "\(title) \(kept):\(group), \(count) tokens from \(first), seed 9")
          }
        }
      }
    }
  }

  @Test(arguments: kernels, activations.map(\.rawValue))
  func `the epilogue scales, shifts, activates, adds and writes every type`(title: String, activation: UInt32) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 7)
    for type in [SWL_F32, SWL_BF16, SWL_S8] {
      for (kept, group) in [(1, 1), (2, 4), (1, 4)] {
        for output in [SWL_F32, SWL_BF16, SWL_U8] {
          var problem = LinearProblem.random(
            type, tokens: 9, inputs: 24, outputs: 70, kept: kept, group: group, using: &random)
          guard problem.accepted(by: kernel) else { continue }
          problem.activation = swl_activation(activation)
          problem.output = swl_output(type: output, scale: 0.05, zero_point: 100)
          problem.bias = random.floats(70)
          problem.residual = random.floats(9 * problem.yStride)
          if type == SWL_S8 { problem.scale = random.floats(70, in: 1e-5...1e-4) }
          expectEqual(problem.run(kernel, using: &random), problem.exact(), problem, error: 2e-4, "\(title) \(output)")
        }
      }
    }
  }

  /// Oracle: as above; scales are powers of two, so that the products are exact too.
  @Test(arguments: kernels)
  func `a token has a factor of its own`(title: String) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 13)
    for (kept, group) in [(1, 1), (2, 4), (1, 4), (4, 8), (3, 5)] {
      for (tokens, outputs) in [(1, 5), (7, 64), (70, 65)] {
        var problem = LinearProblem.random(
          SWL_S8, tokens: tokens, inputs: 40, outputs: outputs, kept: kept, group: group, using: &random)
        guard problem.accepted(by: kernel) else { continue }
        problem.scale = random.integers(outputs, in: 1...4)
        problem.xScales = random.integers(tokens, in: -2...2).map { exp2($0) }
        problem.bias = random.integers(outputs)
        expectEqual(problem.run(kernel, using: &random), problem.exact(), problem, "\(title) \(kept):\(group), seed 13")
      }
    }
  }

  @Test(arguments: kernels, [32, 64, 128])
  func `weights of 4 bits in groups are exact on integers`(title: String, size: Int) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 4)
    for (tokens, groups, outputs) in [(1, 1, 1), (3, 2, 8), (4, 1, 17), (6, 3, 64), (33, 2, 70)] {
      var problem = LinearProblem.randomGroups(
        of: size, tokens: tokens, groups: groups, outputs: outputs, using: &random)
      guard problem.accepted(by: kernel) else { continue }
      problem.xScales = random.integers(tokens, in: -2...2).map { exp2($0) }
      problem.bias = random.integers(outputs)
      problem.residual = random.integers(tokens * problem.yStride)
      expectEqual(
        problem.run(kernel, using: &random), problem.exact(), problem,
        "\(title) groups of \(size), tokens \(tokens) outputs \(outputs), seed 4")
    }
  }

  /// The greatest codes and inputs in every place are what 16 bits just hold.
  @Test(arguments: kernels, [Float(0), 1, 255])
  func `no sum of 4-bit codes saturates`(title: String, x: Float) throws {
    let kernel = try kernel(title)
    var random = SplitMix64(seed: 5)
    for size in [32, 64, 128] {
      var problem = LinearProblem.randomGroups(of: size, tokens: 5, groups: 2, outputs: 9, using: &random)
      guard problem.accepted(by: kernel) else { continue }
      problem.values = problem.values.map { _ in 15 }
      problem.x = problem.x.map { _ in x }
      expectEqual(problem.run(kernel, using: &random), problem.exact(), problem, "\(title) groups of \(size)")
    }
  }

  @Test func `a wrong shape has no kernel, and every right one has`() {
    for (inputs, kept, group) in [(8, 0, 4), (8, 5, 4), (9, 2, 4), (0, 1, 1), (512, 1, 257)] {
      var shape = swl_linear_shape(type: SWL_F32, inputs: inputs, outputs: 4, kept: kept, group: group, scale_group: 0)
      #expect(swl_linear_kernel_for(&shape, 9, swl_isa_of_processor()) == nil)
    }
    for isa in runnableLevels {
      for type in [SWL_F32, SWL_BF16, SWL_S8] {
        var shape = swl_linear_shape(type: type, inputs: 256, outputs: 4, kept: 3, group: 256, scale_group: 0)
        #expect(swl_linear_kernel_for(&shape, 9, isa).map { swl_isa_has(isa, $0.pointee.needs) } == true)
      }
    }
  }

  @Test func `no tokens are no tiles`() {
    var random = SplitMix64(seed: 1)
    for kernel in swl_linear_kernel.runnable {
      for type in [SWL_F32, SWL_BF16, SWL_S8] {
        let problem = LinearProblem.random(type, tokens: 0, inputs: 8, outputs: 8, kept: 2, group: 4, using: &random)
        if problem.accepted(by: kernel) { #expect(problem.run(kernel, using: &random).isEmpty) }
      }
    }
  }
}
