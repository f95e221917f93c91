import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

/// The plain reference: which of a group's scores stay, by sorting with the index as the tie-breaker; NaN goes last.
func referenceMask(_ scores: [Float], _ pattern: SparsityPattern) -> [Bool] {
  var mask = [Bool](repeating: false, count: scores.count)
  for start in stride(from: 0, to: scores.count, by: pattern.group) {
    let order = (start..<start + pattern.group).sorted { a, b in
      let (x, y) = (scores[a].isNaN ? -.infinity : scores[a], scores[b].isNaN ? -.infinity : scores[b])
      return x == y ? a < b : x > y
    }
    for index in order.prefix(pattern.kept) { mask[index] = true }
  }
  return mask
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MaskTests {
  /// Every N:M up to this M.
  static func patterns(upTo largest: Int) -> [SparsityPattern] {
    (1...largest).flatMap { group in (1...group).map { SparsityPattern(keeping: $0, of: group) } }
  }

  static func scores(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in random.normal().magnitude }
  }

  static func mask(_ scores: [Float], _ pattern: SparsityPattern, rows: Int = 1) -> [Bool] {
    pattern.mask(of: Tensor(scores, shape: [rows, scores.count / rows])).scalars(as: Bool.self)
  }

  /// Oracle: a sort in Swift. The pairs that floating-point prune counts get wrong (4:5, 5:6, 9:10 …) are among them.
  @Test(arguments: 1...32)
  func `masks of all patterns up to 32 equal the sorted reference`(group: Int) {
    let scores = Self.scores(5 * 6 * group, seed: UInt64(group))
    for kept in 1...group {
      let pattern = SparsityPattern(keeping: kept, of: group)
      let mask = Self.mask(scores, pattern, rows: 5)
      #expect(mask == referenceMask(scores, pattern), "\(pattern)")
      for start in stride(from: 0, to: mask.count, by: group) {
        #expect(mask[start..<start + group].count { $0 } == kept, "\(pattern)")
      }
    }
  }

  /// Oracle: every subset of the group.
  @Test(arguments: 1...8)
  func `no other choice keeps more`(group: Int) {
    let scores = Self.scores(4 * group, seed: UInt64(100 + group))
    for kept in 1...group {
      let mask = Self.mask(scores, SparsityPattern(keeping: kept, of: group))
      for start in stride(from: 0, to: scores.count, by: group) {
        let members = start..<start + group
        let sum = members.reduce(0.0) { $0 + (mask[$1] ? Double(scores[$1]) : 0) }
        for subset in 0..<(1 << group) where subset.nonzeroBitCount == kept {
          let other = (0..<group).reduce(0.0) { $0 + (subset >> $1 & 1 == 1 ? Double(scores[start + $1]) : 0) }
          #expect(sum >= other, "\(kept):\(group)")
        }
      }
    }
  }

  /// Both ways to rank, on the same groups full of ties.
  @Test(arguments: [2, 3, 4, 8, 15, 16, 17, 32, 64])
  func `ties keep the lowest index`(group: Int) {
    var random = SplitMix64(seed: UInt64(group))
    let scores = (0..<40 * group).map { _ in Float(Int.random(in: 0...2, using: &random)) }
    for kept in 1...group {
      let pattern = SparsityPattern(keeping: kept, of: group)
      #expect(Self.mask(scores, pattern) == referenceMask(scores, pattern), "\(pattern)")
    }
    let zeros = Self.mask([Float](repeating: 0, count: group), SparsityPattern(keeping: 1, of: group))
    #expect(zeros == [true] + [Bool](repeating: false, count: group - 1))
  }

  @Test(arguments: [4, 16, 32])
  func `masks nest`(group: Int) {
    let scores = Self.scores(8 * group, seed: 7)
    var smaller = [Bool](repeating: false, count: scores.count)
    for kept in 1...group {
      let mask = Self.mask(scores, SparsityPattern(keeping: kept, of: group))
      #expect(zip(smaller, mask).allSatisfy { !$0 || $1 })
      smaller = mask
    }
    #expect(smaller.allSatisfy { $0 })
  }

  @Test func `pruning twice is pruning once`() {
    for pattern in Self.patterns(upTo: 10) + [SparsityPattern(keeping: 20, of: 32)] {
      var random = SplitMix64(seed: 9)
      let weight = Tensor((0..<6 * 4 * pattern.group).map { _ in random.normal() }, shape: [6, 4 * pattern.group])
      let once = weight.pruned(to: pattern)
      #expect(once.pruned(to: pattern).scalars(as: Float.self) == once.scalars(as: Float.self), "\(pattern)")
    }
  }

  @Test func `masks do not depend on the scale of a row`() {
    let scores = Self.scores(4 * 24, seed: 10)
    let scaled = scores.enumerated().map { $0.element * [1, 0.125, 1024, 0x1p-60][$0.offset / 24] }
    for pattern in Self.patterns(upTo: 8) where 24.isMultiple(of: pattern.group) {
      #expect(Self.mask(scores, pattern, rows: 4) == Self.mask(scaled, pattern, rows: 4))
    }
  }

  @Test func `permuting groups permutes the mask`() {
    let pattern = SparsityPattern(keeping: 3, of: 8)
    let scores = Self.scores(8 * 12, seed: 11)
    var random = SplitMix64(seed: 12)
    let order = (0..<12).shuffled(using: &random)
    let permuted = order.flatMap { scores[8 * $0..<8 * ($0 + 1)] }
    let mask = Self.mask(scores, pattern)
    #expect(Self.mask(permuted, pattern) == order.flatMap { mask[8 * $0..<8 * ($0 + 1)] })
  }

  /// Half-precision values are exact in float32, so the same values must give the same mask.
  @Test(arguments: [DataType.float16, .bfloat16, .float64])
  func `other floating-point types rank alike`(type: DataType) {
    for pattern in [SparsityPattern(keeping: 2, of: 4), SparsityPattern(keeping: 5, of: 6), .init(keeping: 9, of: 32)] {
      let rounded = Tensor(Self.scores(96 * 8, seed: 13), shape: [8, 96]).cast(to: type)
      let mask = pattern.mask(of: rounded).scalars(as: Bool.self)
      #expect(mask == referenceMask(rounded.cast(to: .float32).scalars(as: Float.self), pattern), "\(pattern)")
    }
  }

  @Test func `NaN goes first and infinity last`() {
    let scores: [Float] = [.nan, 1, 0, 2, .infinity, .nan, .nan, .nan, .nan, .nan, .nan, .nan]
    let two = SparsityPattern(keeping: 2, of: 4)
    #expect(Self.mask(scores, two) == [false, true, false, true, true, true, false, false, true, true, false, false])
    let wide = scores + [Float](repeating: 0, count: 20)
    for kept in 1...32 {
      let pattern = SparsityPattern(keeping: kept, of: 32)
      #expect(Self.mask(wide, pattern).count { $0 } == kept)
    }
    #expect(Self.mask(wide, SparsityPattern(keeping: 24, of: 32)) == referenceMask(wide, .init(keeping: 24, of: 32)))
    // What is removed is zero, whatever it was.
    let weight = Tensor([Float.nan, 1, -.infinity, 2], shape: [1, 4])
    #expect(weight.pruned(to: two).scalars(as: Float.self) == [0, 0, -.infinity, 2])
  }

  @Test func `removed weights are positive zeros and kept ones unchanged`() {
    let weight = Tensor([Float](arrayLiteral: -1, -2, 3, -4), shape: [1, 4])
    let pruned = weight.pruned(to: SparsityPattern(keeping: 2, of: 4)).scalars(as: Float.self)
    #expect(pruned.map(\.bitPattern) == [Float](arrayLiteral: 0, 0, 3, -4).map(\.bitPattern))
  }

  @Test func `masks take no part in gradients and accept views`() {
    var random = SplitMix64(seed: 14)
    let base = Tensor((0..<64).map { _ in random.normal() }, shape: [8, 8])
    base.requiresGradient = true
    let view = base.transposed(0, 1)
    let mask = SparsityPattern(keeping: 2, of: 4).mask(of: view)
    #expect(!mask.requiresGradient)
    #expect(
      mask.scalars(as: Bool.self) == referenceMask(view.contiguous().scalars(as: Float.self), .init(keeping: 2, of: 4)))
    #expect(SparsityPattern(keeping: 2, of: 4).mask(of: Tensor.zeros([0, 8])).shape == [0, 8])
  }

  @Test func `a width that the groups do not divide stops the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = SparsityPattern(keeping: 2, of: 4).mask(of: Tensor.zeros([2, 6]))
    }
  }

  @Test(.enabled(if: Torch.cudaDeviceCount > 0, "this libtorch sees no CUDA device"))
  func `the GPU gives the same masks`() {
    var random = SplitMix64(seed: 15)
    for pattern in [SparsityPattern(keeping: 2, of: 4), .init(keeping: 3, of: 10), .init(keeping: 7, of: 32)] {
      let scores = (0..<320 * 16).map { _ in Float(Int.random(in: 0...9, using: &random)) }
      let tensor = Tensor(scores, shape: [16, 320])
      #expect(
        pattern.mask(of: tensor.to(device: .cuda(0))).scalars(as: Bool.self)
          == pattern.mask(of: tensor).scalars(as: Bool.self))
    }
  }
}
