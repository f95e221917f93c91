import SwiftletBenchmarkKit
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import Testing

@testable import SwiftletWorkflows

@Suite struct KernelSpeedTests {
  static let half = SparsityPattern(keeping: 2, of: 4)

  static var work: MultiplyAdds {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.width) = (16, 8, 32)
    (configuration.depth, configuration.heads) = (2, 2)
    return configuration.multiplyAdds
  }

  @Test func `each sparse choice is measured on the shapes of its layers, dense ones are not`() throws {
    var choices = Self.work.slots.map { ($0.path, LayerChoice(pattern: Self.half, precision: .int8)) }
    choices += Self.work.slots.prefix(3).map { ($0.path, LayerChoice(pattern: .init(keeping: 1, of: 4))) }
    choices += Self.work.slots.map { ($0.path, LayerChoice(pattern: .init(keeping: 4, of: 4), precision: .bf16)) }
    choices.append(("head", LayerChoice(pattern: Self.half, precision: .bf16)))
    let speeds = try KernelSpeed.measure(choices, of: Self.work, milliseconds: 1)
    #expect(speeds.map(\.choice) == [choices[0].1, choices[8].1])
    #expect(speeds.map(\.layers) == [8, 3])
    #expect(speeds.allSatisfy { $0.timeOfDense > 0 && $0.timeOfDense.isFinite && $0.instructionSet == .best })
    #expect(try KernelSpeed.measure([], of: Self.work).isEmpty)
  }

  @Test(arguments: Precision.allCases, [(1, 4), (3, 4), (2, 8), (1, 3), (5, 16)])
  func `layers of every precision and pattern can be timed`(precision: Precision, pattern: (Int, Int)) throws {
    let shape = LayerShape(tokens: 3, inputs: 48, outputs: 5)
    let times = try shape.times(.init(keeping: pattern.0, of: pattern.1), precision, milliseconds: 0)
    #expect(times.sparse.isFinite && times.dense.isFinite)
  }

  @Test func `a pattern slower than dense is one sentence`() {
    let speed = KernelSpeed(
      choice: LayerChoice(pattern: Self.half, precision: .int8), layers: 48, timeOfDense: 1.0249, instructionSet: .avx2)
    #expect(speed.isSlower)
    #expect(
      "\(speed)"
        == "2:4 int8 takes 1.02 times the dense time on this processor (avx2), over 48 layers: the file is smaller, "
        + "and no run is faster")
    let fast = KernelSpeed(choice: speed.choice, layers: 48, timeOfDense: 0.99, instructionSet: .avx2)
    #expect(!fast.isSlower)
  }
}
