import SwiftletModels
import SwiftletNN
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletExport

@Suite struct ScoreChangeTests {
  /// Oracle: by hand. The differences are 0, 0, 2 and 0, the deviations from the means 1, 1, 2 and 2.
  @Test func `movement is relative to the spread, and changed winners are counted`() {
    var change = ScoreChange()
    change.add([1, 3, 2, 4], expected: [1, 3, 0, 4], samples: 2)
    #expect(abs(change.movement - (4.0 / 10).squareRoot()) < 1e-12)
    #expect(change.changedWinners == 0 && change.samples == 2)
    change.add([3, 1], expected: [1, 3], samples: 1)
    #expect(change.changedWinners == 1 && abs(change.changedShare - 1.0 / 3) < 1e-12)
    #expect(change.isOverBound)
  }

  /// Oracle: by hand. The second output has moved by 1 of 5 squared millions, the first by nothing.
  @Test func `every output counts in its own unit, and the first has the classes`() {
    var change = ScoreChange()
    change.add([[3, 1], [1e6, 3e6, 3e6, 4e6]], expected: [[3, 1], [1e6, 3e6, 2e6, 4e6]], samples: 1)
    #expect(change.changedWinners == 0 && abs(change.movement - (0.2 / 2).squareRoot()) < 1e-12)
    change.add([[3, 1], [1, .infinity]], expected: [[3, 1], [1, 2]], samples: 1)
    #expect(change.movement == .infinity && change.changedWinners == 0)
  }

  @Test func `equal scores have moved by nothing, one class included`() {
    var change = ScoreChange()
    change.add([5, 5], expected: [5, 5], samples: 1)
    change.add([2], expected: [2], samples: 1)
    #expect(change.movement == 0 && change.changedWinners == 0 && !change.isOverBound)
  }

  @Test(arguments: [Float.nan, .infinity])
  func `a score that is no finite number has moved infinitely far`(broken: Float) {
    for (found, expected) in [([broken, 1], [2, 1]), ([2, 1], [broken, 1]), ([broken, 1], [broken, 1])]
      as [([Float], [Float])]
    {
      var change = ScoreChange()
      change.add(found, expected: expected, samples: 1)
      #expect(change.movement == .infinity && change.changedWinners == 1 && change.isOverBound)
    }
  }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct RangeSearchTests {
  /// A network some of whose hidden activations are fifty times as large as the others, as pretrained ones have them.
  static func withOutliers(seed: UInt64) throws -> VisionTransformer {
    let model = try DeiTExportTests.network(SmoothNormsTests.configuration, seed: seed)
    for index in model.blocks.indices {
      let (fc1, fc2) = (
        try #require(model.layer(at: "blocks.\(index).mlp.fc1") as? Linear),
        try #require(model.layer(at: "blocks.\(index).mlp.fc2") as? Linear)
      )
      withNoGradient {
        fc1.weight.narrowed(along: 0, from: 7, count: 1).mulInPlace(50)
        _ = fc2.weight.narrowed(along: 1, from: 7, count: 1).mulInPlace(2)
      }
    }
    return model
  }

  /// Oracle: each rule for the whole network, measured the same way.
  @Test(arguments: [31, 32] as [UInt64])
  func `the measured choice moves the scores no more than any rule alone`(seed: UInt64) throws {
    let model = try Self.withOutliers(seed: seed)
    func movement(_ rule: RangeRule?) throws -> Double {
      var calibration = SmoothNormsTests.calibration
      calibration.rule = rule
      let exported = try Exporter(precision: .uniform(.int8), calibration: calibration)
        .export(model, inputShape: SmoothNormsTests.shape)
      let effect = try #require(exported.int8Effect)
      #expect(Set(effect.rules.keys).isSuperset(of: ["blocks.norm1", "blocks.norm2", "blocks.attn.qkv"]))
      return effect.change.movement
    }
    let measured = try movement(nil)
    // Queries and keys are balanced by another rule where it is given, which moves the last digits.
    for rule in RangeSearch.candidates { #expect(try measured <= 1.05 * movement(rule), "\(rule)") }
  }

  @Test func `values of one kind differ in numbers alone`() {
    #expect("blocks.11.mlp.fc1".kindOfValue == "blocks.mlp.fc1")
    #expect("layers.0.blocks.3.norm1".kindOfValue == "layers.blocks.norm1")
    #expect("norm".kindOfValue == "norm")
  }
}
