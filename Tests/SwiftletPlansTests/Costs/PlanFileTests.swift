import Foundation
import SwiftletRuntime
import Testing

@testable import SwiftletPlans

/// The plans in plans/, which tools/plans/elsa.py made from the published statistics of ELSA's searched networks. Their
/// full lists of levels are not at hand.
@Suite struct PlanFileTests {
  /// In the order of ``PublishedPlan/every``: the file, and the mean density of the early, middle and late third of the
  /// layers, published to three digits.
  static let files: [(name: String, thirds: [Double])] = [
    ("deit-base-6.005g", [0.297, 0.312, 0.359]), ("deit-base-6.877g", [0.312, 0.359, 0.453]),
    ("deit-small-1.964g", [0.344, 0.453, 0.359]), ("swin-base-5.329g", [0.312, 0.312, 0.312]),
    ("swin-base-5.920g", [0.312, 0.398, 0.367]), ("swin-small-3.501g", [0.367, 0.367, 0.398]),
    ("swin-small-3.985g", [0.383, 0.453, 0.445]),
  ]

  static func plan(_ name: String) throws -> CompressionPlan {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { path, _ in path.deletingLastPathComponent() }
    let file = root.appending(path: "plans/elsa-\(name).json")
    let plan = try CompressionPlan(contentsOf: file)
    #expect(try String(contentsOf: file, encoding: .utf8) == plan.json)
    return plan
  }

  @Test(arguments: zip(files.map(\.name), zip(PublishedPlan.every, files.map(\.thirds)).map { ($0, $1) }))
  func `plan files have the published statistics`(name: String, published: (PublishedPlan, [Double])) throws {
    let (network, thirds) = published
    let plan = try Self.plan(name)
    #expect((Double(try network.model.total(under: plan)) / 1e6).rounded() / 1e3 == network.giga)
    let kept = try network.model.slots.map { try #require(plan[$0.path]).sparsity.kept }
    #expect([1, 2, 4].map { level in kept.count { $0 == level } } == network.counts)
    func agrees(_ kept: [Int], _ density: Double) -> Bool {
      abs(Double(kept.reduce(0, +)) / Double(4 * kept.count) - density) <= 0.000501  // halves rounded either way
    }
    for (kind, density) in zip(["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2"], network.densities) {
      #expect(agrees(zip(network.model.slots, kept).filter { $0.0.path.hasSuffix(kind) }.map(\.1), density), "\(kind)")
    }
    for (third, density) in thirds.enumerated() {
      #expect(agrees(Array(kept[third * kept.count / 3..<(third + 1) * kept.count / 3]), density), "third \(third)")
    }
  }

  /// Oracle: the published memory table, 16-bit values and 2-bit indices in megabytes, and the kept weights in millions;
  /// the same formula with 8-bit values.
  @Test(arguments: [
    ("deit-base-6.005g", PublishedPlan.deitB6G, 26.25, 58.9, 32.7),
    ("deit-base-6.877g", .deitB7G, 30.67, 68.7, 38.0),
  ])
  func `the published DeiT-B occupy the published bytes`(
    name: String, published: PublishedPlan, millionsKept: Double, sixteenBit: Double, eightBit: Double
  ) throws {
    let (plan, cost) = (try Self.plan(name), published.model)
    let kept = cost.slots.reduce(0) { $0 + $1.weights / 4 * (plan[$1.path]?.sparsity.kept ?? 4) }
    #expect((Double(kept) / 1e4).rounded() / 100 == millionsKept)
    for (precision, megabytes) in [(Precision.bf16, sixteenBit), (.int8, eightBit)] {
      var plan = plan
      for path in plan.paths { plan[path]?.precision = precision }
      #expect((Double(try cost.packedBytes(under: plan)) / 1e5).rounded() / 10 == megabytes)
    }
  }
}
