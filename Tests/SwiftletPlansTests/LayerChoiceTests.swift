import Foundation
import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

@Suite struct LayerChoiceTests {
  static let half = SparsityPattern(keeping: 2, of: 4)
  /// Something decided on every axis.
  static var everything: LayerChoice {
    var choice = LayerChoice(pattern: half, precision: .int8)
    (choice.groupSize, choice.activationBits, choice.observer) = (64, 8, .percentile(99.99))
    (choice.rank, choice.headGroup, choice.layerGroup, choice.latentGroup) = (96, 4, 2, 32)
    (choice.keyBits, choice.valueBits) = (4, 3)
    return choice
  }

  @Test func `every axis has a row, and every row decides`() {
    #expect(Set(LayerChoice.axes.map(\.axis)) == Set(LayerChoice.Axis.allCases))
    #expect(LayerChoice.axes.count == LayerChoice.Axis.allCases.count)
    #expect(Self.everything.decided == LayerChoice.axes.map(\.axis))
    #expect(LayerChoice().decided.isEmpty)
  }

  @Test func `a choice reads as people say it`() {
    #expect("\(LayerChoice(pattern: Self.half, precision: .int8))" == "2:4 int8")
    #expect("\(LayerChoice(pattern: Self.half))" == "2:4")
    #expect("\(LayerChoice(rank: 96, headGroup: 4, keyBits: 4))" == "rank 96 of 4 heads 4-bit keys")
    #expect("\(LayerChoice())" == "as it is")
    var whole = LayerChoice()
    whole.precision = .fp32
    #expect("\(whole)" == "fp32")
  }

  /// Laws: nothing changes nothing, and what is decided last stays.
  @Test func `choices combine axis by axis`() {
    let pruned = LayerChoice(pattern: Self.half)
    let cached = LayerChoice(rank: 96, keyBits: 4)
    #expect(pruned.merging(LayerChoice()) == pruned && LayerChoice().merging(pruned) == pruned)
    #expect(pruned.merging(cached) == cached.merging(pruned))
    #expect(Set(pruned.merging(cached).decided) == [.pattern, .precision, .rank, .keyBits])
    #expect(
      pruned.merging(LayerChoice(pattern: .dense, precision: .int8)) == LayerChoice(pattern: .dense, precision: .int8))
    #expect(LayerChoice().merging(Self.everything) == Self.everything)
  }

  @Test func `a decision that nobody carries out is an error`() {
    #expect(throws: Never.self) {
      try LayerChoice(pattern: Self.half).require(only: [.pattern, .precision], at: "a", by: "x")
    }
    #expect(throws: CompressionPlanError.unsupported(path: "a", axis: "rank", reader: "export")) {
      try LayerChoice(rank: 8).require(only: [.pattern, .precision], at: "a", by: "export")
    }
  }

  /// Oracle: the order by density, then by bits, which searches began from before there were other axes.
  @Test func `of patterns and precisions the denser keeps more, then the one with more bits`() {
    let patterns = (1...8).flatMap { group in (1...group).map { SparsityPattern(keeping: $0, of: group) } }
    let choices = patterns.flatMap { pattern in Precision.allCases.map { LayerChoice(pattern: pattern, precision: $0) }
    }
    for left in choices {
      for right in choices {
        let (a, b) = ((left.sparsity.density, left.format.bits), (right.sparsity.density, right.format.bits))
        #expect(left.keepsLess(than: right) == (a < b))
      }
    }
  }

  @Test func `a higher rank, more bits and smaller groups keep more`() {
    func grouped(_ change: (inout LayerChoice) -> Void) -> LayerChoice {
      var choice = LayerChoice(rank: 64, headGroup: 4, keyBits: 4)
      change(&choice)
      return choice
    }
    let choice = grouped { _ in }
    let fuller = [
      LayerChoice(), grouped { $0.rank = 96 }, grouped { $0.headGroup = 2 }, grouped { $0.keyBits = nil },
      grouped { $0.latentGroup = 32 }, grouped { $0.groupSize = 64 },
    ]
    for other in fuller { #expect(choice.keepsLess(than: other) && !other.keepsLess(than: choice), "\(other)") }
    #expect(grouped { $0.headGroup = nil }.keepsLess(than: choice))
  }

  /// Oracle: the space of patterns and precisions that searches have always had.
  @Test func `levels of declared slots are ordered by their cost`() throws {
    let slots = DeiTConfiguration.tiny.multiplyAdds.slots
    let patterns = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    let choices = patterns.reversed().flatMap { pattern in
      Precision.allCases.map { LayerChoice(pattern: pattern, precision: $0) }
    }
    let space = try SearchSpace(choices, over: slots)
    #expect(space == SearchSpace(patterns, precisions: Precision.allCases, over: slots.map(\.path)))
  }

  @Test func `tied layers are one slot, and a layer gets only what makes sense for it`() throws {
    let slots = ["q", "k", "v"].map {
      Slot(
        block: "layers.0", role: $0, kind: $0 == "q" ? .linear : $0 == "k" ? .keys : .values, inputs: 64, outputs: 64,
        positions: 1, heads: 8, tie: $0 == "q" ? nil : "kv")
    }
    let choices = [LayerChoice(), LayerChoice(rank: 16, headGroup: 4), LayerChoice(pattern: Self.half)]
    let space = try SearchSpace(choices, over: slots, by: .packedBytes)
    #expect(space.slots.map(\.path) == ["layers.0.q", "layers.0.k"] && space.slots[1].tied == ["layers.0.v"])
    #expect(space.slots.map(\.levels.count) == [2, 3])
    let plan = space.plan([1, 0])
    #expect(plan["layers.0.k"] == plan["layers.0.v"] && space.levels(of: plan) == [1, 0])
    let costs = try PlanCosts.cacheBytes(of: space, in: slots)
    #expect(costs.dense == 2 * 64 * 2 && costs.levels[0] == [0, 0])
    #expect(throws: CompressionPlanError.noChoice(path: "layers.0.q")) {
      try SearchSpace([LayerChoice(rank: 16, headGroup: 4)], over: slots)
    }
  }
}
