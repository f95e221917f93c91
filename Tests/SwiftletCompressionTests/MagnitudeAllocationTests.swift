import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MagnitudeAllocationTests {
  /// Oracle: all scores by their definition, and the largest of them together.
  @Test(arguments: [0.0, 0.1, 0.25, 0.5, 0.9, 1])
  func `one threshold over all layers keeps the wished share`(density: Double) {
    var random = SplitMix64(seed: 31)
    let layers = [(40, Float(1)), (100, 0.1), (60, 30)].map { count, scale in
      (0..<count).map { _ in random.normal() * scale }
    }
    let scores = layers.map { layer in
      layer.map { w in
        Double(w) * Double(w)
          / layer.filter { $0.magnitude >= w.magnitude }.reduce(0.0) { $0 + Double($1) * Double($1) }
      }
    }
    let kept = Int(density * 200)
    let threshold = kept == 0 ? .infinity : scores.flatMap { $0 }.sorted(by: >)[kept - 1]
    let expected = scores.map { layer in Double(layer.count { $0 >= threshold }) / Double(layer.count) }
    let densities = MagnitudeAllocation.densities(
      of: layers.map { Tensor($0, shape: [$0.count / 10, 10]) }, keeping: density)
    #expect(densities == expected)
  }

  @Test func `layers differ by their magnitudes, not by their scale`() {
    var random = SplitMix64(seed: 32)
    let even = (0..<400).map { _ in random.normal() }
    let peaked = even.map { $0 * $0 * $0 }
    let densities = MagnitudeAllocation.densities(
      of: [even, even.map { $0 * 1024 }, peaked].map { Tensor($0, shape: [20, 20]) }, keeping: 0.5)
    #expect(densities[0] == densities[1])
    #expect(densities[2] < densities[0])
    #expect(MagnitudeAllocation.densities(of: [.zeros([4, 4]), .ones([4, 4])], keeping: 0.5)[0] <= 1)
  }
}
