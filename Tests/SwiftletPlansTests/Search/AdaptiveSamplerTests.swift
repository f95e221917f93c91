import Foundation
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletPlans

@Suite struct AdaptiveSamplerTests {
  static let space = SearchSpace([1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }, over: ["a", "b", "c"])

  /// How often each level of slot 0 comes up.
  static func shares(_ sampler: AdaptiveSampler, slot: Int = 0, draws: Int = 8000) -> [Double] {
    var random = SplitMix64(seed: 3)
    var counts = [0.0, 0, 0]
    for _ in 0..<draws { counts[sampler.levels(using: &random)[slot]] += 1 }
    return counts.map { $0 / Double(draws) }
  }

  static func expect(_ shares: [Double], near weights: [Double]) {
    for (share, weight) in zip(shares, weights) {
      let expected = weight / weights.reduce(0, +)
      #expect(abs(share - expected) < 4 * (expected * (1 - expected) / 8000).squareRoot() + 1e-9, "\(shares)")
    }
  }

  /// By hand: merits start at 250, 500 and 1000; M/N is 4, 2 and 1.
  @Test func `the exponent moves the preference from dense to sparse`() {
    var sampler = AdaptiveSampler(Self.space)
    Self.expect(Self.shares(sampler), near: [62.5, 250, 1000])
    sampler.exponent = 0
    Self.expect(Self.shares(sampler), near: [250, 500, 1000])
    sampler.exponent = 1
    Self.expect(Self.shares(sampler), near: [1, 1, 1])
  }

  /// By hand: accuracies of 40, 60 and 80 % for slot 0's levels, all seen.
  @Test func `evaluated levels are drawn by their mean accuracy`() {
    var sampler = AdaptiveSampler(Self.space, minimumVisits: 100)
    sampler.exponent = 0
    sampler.learn(from: [([0, 0, 0], 0.3), ([0, 1, 0], 0.5), ([1, 1, 1], 0.6), ([2, 2, 2], 0.8)])
    Self.expect(Self.shares(sampler), near: [40, 60, 80])
    Self.expect(Self.shares(sampler, slot: 1), near: [30, 55, 80])
  }

  /// By hand: the mean of 90 and 30 is 60, the largest lies 30 above: the threshold is 40, and level 0's merit is 30.
  @Test func `levels that do badly are dropped once they were seen often enough`() {
    let good = Array(repeating: (levels: [1, 1, 1], accuracy: 0.9), count: 5)
    let bad = Array(repeating: (levels: [0, 1, 1], accuracy: 0.3), count: 5)
    var sampler = AdaptiveSampler(Self.space, minimumVisits: 6)
    sampler.learn(from: good + bad)
    #expect(Self.shares(sampler)[0] > 0)
    sampler = AdaptiveSampler(Self.space, minimumVisits: 5)
    sampler.learn(from: good + bad)
    #expect(Self.shares(sampler)[0] == 0)
    #expect(Self.shares(sampler, slot: 1)[1] > 0)
  }

  @Test func `the threshold follows the spread of the accuracies`() {
    #expect(AdaptiveSampler.threshold(of: [30, 90]) == 40)  // mean 60, spread 30
    #expect(AdaptiveSampler.threshold(of: [60, 70]) == 60)  // mean 65, spread 5
    #expect(AdaptiveSampler.threshold(of: [69, 70]) == 67)  // mean 69.5, spread 0.5
    #expect(AdaptiveSampler.threshold(of: [0, 40]) == 0)  // mean 20: not above 20
    #expect(AdaptiveSampler.threshold(of: []) == nil)
  }

  @Test func `a slot always keeps its best level`() {
    let space = SearchSpace([SparsityPattern(keeping: 1, of: 4), .init(keeping: 2, of: 4)], over: ["a", "b"])
    var sampler = AdaptiveSampler(space, minimumVisits: 1)
    // Slot b takes level 1 only where the accuracy is high, so that slot a's levels both lie below the threshold.
    sampler.learn(from: [([0, 0], 0), ([1, 0], 0.01), ([0, 0], 0), ([1, 0], 0.01), ([1, 1], 0.9)])
    var random = SplitMix64(seed: 5)
    for _ in 0..<50 { #expect(sampler.levels(using: &random).count == 2) }
    #expect(sampler.dropped.allSatisfy { $0.contains(false) })
  }

  /// Law: what is written and read back goes on as before.
  @Test func `a sampler survives its checkpoint`() throws {
    var sampler = AdaptiveSampler(Self.space)
    sampler.learn(from: [([0, 1, 2], 0.123456789), ([2, 2, 0], 1.0 / 3)])
    let copy = try JSONDecoder().decode(AdaptiveSampler.self, from: JSONEncoder().encode(sampler))
    #expect(copy == sampler && copy.hasSpace(of: sampler))
    let other = AdaptiveSampler(SearchSpace([SparsityPattern(keeping: 1, of: 4)], over: ["a"]))
    #expect(!other.hasSpace(of: sampler))
  }
}
