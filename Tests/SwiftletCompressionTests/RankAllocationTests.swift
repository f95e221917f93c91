import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletCompression

/// Law O12: ranks that meet their total, follow what they are worth, and saturate.
@Suite struct RankAllocationTests {
  typealias Group = RankAllocation.Group

  static func falling(_ count: Int, using random: inout SplitMix64) -> [Double] {
    (0..<count).map { _ in Double.random(in: 0..<1, using: &random) }.sorted(by: >)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `every total that can be is met, in steps between the least and the width`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let step = [1, 4, 8, 32][Int.random(in: 0..<4, using: &random)]
    let groups = (0..<2 + Int.random(in: 0..<9, using: &random)).map { _ in
      Group(
        width: step * (1 + Int.random(in: 0..<16, using: &random)), weight: Double.random(in: 0..<1, using: &random),
        energies: [])
    }
    let (fewest, most) = (groups.count * step, groups.reduce(0) { $0 + $1.width })
    for total in stride(from: fewest, through: most, by: step) {
      let ranks = try RankAllocation(step: step).proportional(groups, total: total)
      #expect(ranks.reduce(0, +) == total, "seed \(seed)")
      for (rank, group) in zip(ranks, groups) {
        #expect(rank.isMultiple(of: step) && (step...group.width).contains(rank))
      }
    }
    #expect(throws: LowRankError.budget(ranks: most + 1, reachable: fewest...most)) {
      try RankAllocation(step: step).proportional(groups, total: most + 1)
    }
    #expect(throws: LowRankError.budget(ranks: fewest - 1, reachable: fewest...most)) {
      try RankAllocation(step: step).proportional(groups, total: fewest - 1)
    }
  }

  @Test func `equal weights give equal ranks, and only their ratios count`() throws {
    let equal = [Group](repeating: Group(width: 512, weight: 3), count: 6)
    #expect(try RankAllocation().proportional(equal, total: 6 * 160) == [Int](repeating: 160, count: 6))
    let weights = [0.4, 1.9, 0.7, 3.1, 0.01]
    func ranks(_ factor: Double) throws -> [Int] {
      try RankAllocation().proportional(weights.map { Group(width: 512, weight: $0 * factor) }, total: 1120)
    }
    #expect(try ranks(1) == ranks(1e-9))
    #expect(try ranks(1) == ranks(1e6))
    // Weights of nothing at all: an equal share.
    #expect(
      try RankAllocation().proportional([Group](repeating: Group(width: 64, weight: 0), count: 4), total: 128)
        == [32, 32, 32, 32])
  }

  @Test(arguments: [5, 6] as [UInt64])
  func `who is worth more never gets less for it`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<50 {
      var weights = (0..<5).map { _ in Double.random(in: 0..<1, using: &random) }
      let total = 5 + Int.random(in: 0..<150, using: &random)
      func rank(_ index: Int) throws -> Int {
        try RankAllocation(step: 1).proportional(weights.map { Group(width: 32, weight: $0) }, total: total)[index]
      }
      let index = Int.random(in: 0..<5, using: &random)
      let before = try rank(index)
      weights[index] *= 1 + Double.random(in: 0..<1, using: &random)
      #expect(try rank(index) >= before, "seed \(seed)")
    }
  }

  @Test func `a group that is full leaves the rest to the others`() throws {
    let groups = [Group(width: 32, weight: 100), Group(width: 512, weight: 1), Group(width: 512, weight: 1)]
    #expect(try RankAllocation().proportional(groups, total: 32 + 320) == [32, 160, 160])
    #expect(try RankAllocation().proportional(groups, total: 1056) == [32, 512, 512])
  }

  @Test func `widths that are no multiple of the step can be filled`() throws {
    let groups = [Group(width: 48, weight: 1), Group(width: 20, weight: 1)]
    #expect(try RankAllocation().proportional(groups, total: 68) == [48, 20])
    #expect(try RankAllocation().proportional(groups, total: 52) == [32, 20])
  }

  /// The least sum of errors, found by trying all.
  @Test(arguments: [7, 8, 9] as [UInt64])
  func `water-filling has the least weighted error of all allocations`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let groups = (0..<3).map { _ in
      Group(width: 6, weight: Double.random(in: 0..<1, using: &random), energies: Self.falling(6, using: &random))
    }
    func error(_ ranks: [Int]) -> Double {
      zip(ranks, groups).reduce(0) { $0 + $1.1.weight * $1.1.energies.dropFirst($1.0).reduce(0, +) }
    }
    func filled(_ factor: Double, total: Int) throws -> [Int] {
      try RankAllocation(step: 1).waterFilled(
        groups.map { Group(width: $0.width, weight: $0.weight * factor, energies: $0.energies) }, total: total)
    }
    for total in 3...18 {
      let found = try filled(1, total: total)
      #expect(try filled(1e-9, total: total) == found && filled(1e6, total: total) == found)
      #expect(found.reduce(0, +) == total)
      var least = Double.infinity
      for a in 1...6 {
        for b in 1...6 where (1...6).contains(total - a - b) { least = min(least, error([a, b, total - a - b])) }
      }
      #expect(error(found) <= least + 1e-12, "seed \(seed), total \(total)")
    }
  }
}
