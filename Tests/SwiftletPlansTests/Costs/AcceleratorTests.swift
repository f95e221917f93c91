import Foundation
import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

@Suite struct AcceleratorTests {
  static let model = DeiTConfiguration.base.multiplyAdds.published
  static let patterns = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
  static let space = SearchSpace(patterns, precisions: [.bf16], over: model.slots.map(\.path))

  /// Oracle: speed-ups that the specification derives from the table for DeiT-B, over the reference engine's dense.
  @Test func `VEGETA's table gives the derived speed-ups`() throws {
    let vegeta = try Accelerator.named("vegeta")
    let costs = try vegeta.costs(of: Self.space, in: Self.model)
    #expect(costs.unit == .denseMultiplyAdds)
    func speedUp(_ levels: [Int]) -> Double {
      (100 * Double(Self.model.dense) / Double(costs.total(of: levels))).rounded() / 100
    }
    let uniform = { (level: Int) in Array(repeating: level, count: 48) }
    #expect(speedUp(uniform(1)) == 2.08)
    #expect(speedUp(uniform(0)) == 3.31)
    #expect(speedUp(PublishedPlan.deitB6G.levels(in: Self.space)) == 2.90)
    #expect(speedUp(PublishedPlan.deitB7G.levels(in: Self.space)) == 2.61)
    #expect(costs.total(of: uniform(2)) == costs.dense)
  }

  @Test func `NVIDIA's table halves the layers at 2:4 and refuses 1:4`() throws {
    let ampere = try Accelerator.named("nvidia-ampere")
    let space = SearchSpace(ampere.levels, precisions: [.int8], over: Self.model.slots.map(\.path))
    let costs = try ampere.costs(of: space, in: Self.model)
    #expect(costs.total(of: Array(repeating: 0, count: 48)) == (Self.model.dense + Self.model.fixed) / 2)
    #expect(throws: AcceleratorError.self) { try ampere.costs(of: Self.space, in: Self.model) }
  }

  @Test func `S2TA takes blocks of 8 at the cost of the work that is left`() throws {
    let s2ta = try Accelerator.named("s2ta")
    #expect(s2ta.levels.allSatisfy { $0.group == 8 })
    let space = SearchSpace(s2ta.levels, precisions: s2ta.precisions, over: Self.model.slots.map(\.path))
    let costs = try s2ta.costs(of: space, in: Self.model)
    let levels = (0..<48).map { $0 % 5 }
    #expect(try costs.total(of: levels) == Self.model.total(under: space.plan(levels)))
  }

  @Test(arguments: Accelerator.builtIn) func `a file that is read and written stays the same`(name: String) throws {
    let accelerator = try Accelerator.named(name)
    #expect(accelerator.name == name)
    #expect(!accelerator.source.isEmpty)
    #expect(try Accelerator(yaml: accelerator.yaml(), source: "again") == accelerator)
  }

  /// A network of one block whose times are round numbers.
  static let measured: Accelerator = {
    let one = DeiTConfiguration.one.multiplyAdds
    let choices =
      [LayerChoice(pattern: .dense)]
      + [1, 2].map {
        LayerChoice(pattern: SparsityPattern(keeping: $0, of: 4), precision: .int8)
      }
    let layers = one.slots.enumerated().flatMap { index, slot in
      choices.enumerated().map { level, choice in
        MeasuredTimes.Layer(
          name: slot.role, tokens: slot.positions, inputs: slot.inputs, outputs: slot.outputs, choice: choice,
          kernel: "a kernel", nanoseconds: 1000 * (index + 1) - 100 * level)
      }
    }
    return Accelerator(
      name: "this-cpu", source: "measured",
      levels: [
        SparsityPattern(keeping: 1, of: 4), SparsityPattern(keeping: 2, of: 4), SparsityPattern(keeping: 4, of: 4),
      ],
      precisions: [.int8, .fp32],
      cost: .measured(
        MeasuredTimes(processor: "a machine", threads: 2, batch: 8, network: "one", fixed: 500, layers: layers)))
  }()

  @Test func `measured times add up to a forward pass`() throws {
    let one = DeiTConfiguration.one.multiplyAdds
    let space = SearchSpace(
      one.slots.map { slot in
        .init(
          path: slot.path,
          levels: [
            LayerChoice(pattern: SparsityPattern(keeping: 1, of: 4), precision: .int8),
            LayerChoice(pattern: SparsityPattern(keeping: 4, of: 4)),
          ])
      })
    let again = try Accelerator(yaml: Self.measured.yaml(), source: "this-cpu.yaml")
    #expect(again == Self.measured)
    let costs = try again.costs(of: space, in: one)
    #expect(costs.unit == .nanoseconds)
    #expect(costs.dense == 500 + 1000 + 2000 + 3000 + 4000)
    #expect(costs.total(of: [1, 1, 1, 1]) == costs.dense)
    #expect(costs.total(of: [0, 1, 1, 0]) == 500 + 900 + 2000 + 3000 + 3900)
    let window = try Budget(parsing: "ms=0.0095..0.0104").window(in: costs)
    #expect(window == 10_100...10_400)
    #expect(throws: AcceleratorError.self) { try again.costs(of: space, in: Self.model) }
  }

  @Test(arguments: [
    ("levels: [\"1:4\"]", "levels: [\"5:4\"]", "pattern 5:4 keeps more than it has"),
    ("precisions: [bf16]", "precisions: [fp64]", "fp64"),
    ("source: x", "source: x\nwatts: 5", "unknown key \"watts\""),
    ("kind: multiplyAdds", "kind: magic", "cost.kind: found “magic”"),
    ("kind: multiplyAdds", "kind: multiplyAdds\n  speeds: {}", "unknown key \"speeds\""),
    ("kind: multiplyAdds", "kind: speeds\n  speeds: {\"4:4\": 1}", "the speed of 1:4 is missing"),
    ("kind: multiplyAdds", "kind: speeds\n  speeds: {\"1:4\": -2}", "no level with a speed above 0"),
    ("kind: multiplyAdds", "kind: speeds\n  speeds: {\"1:4\": 2}", "a dense level such as 4:4 is missing"),
    ("name: a", "", "the key \"name\" is missing"),
    ("levels: [\"1:4\"]", "levels: []", "no level is listed"),
    ("name: a", "name: [", "was not valid YAML"),
  ])
  func `a broken file is refused with its place`(good: String, bad: String, message: String) {
    let yaml = "name: a\nsource: x\nlevels: [\"1:4\"]\nprecisions: [bf16]\ncost:\n  kind: multiplyAdds\n"
    #expect(throws: Never.self) { try Accelerator(yaml: yaml, source: "a.yaml") }
    #expect {
      try Accelerator(yaml: yaml.replacing(good, with: bad), source: "a.yaml")
    } throws: {
      "\($0)".hasPrefix("this is no accelerator: a.yaml: ") && "\($0)".contains(message)
    }
  }

  @Test func `an unknown name lists the known ones`() {
    #expect {
      try Accelerator.named("abacus")
    } throws: { "\($0)".contains("there is no accelerator abacus") && "\($0)".contains("nvidia-ampere, s2ta, vegeta") }
  }
}

extension DeiTConfiguration {
  fileprivate static var one: DeiTConfiguration {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.width) = (16, 8, 16)
    (configuration.depth, configuration.heads) = (1, 2)
    return configuration
  }
}
