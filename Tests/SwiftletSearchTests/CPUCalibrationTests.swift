import SwiftletExport
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletSearch

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct CPUCalibrationTests {
  /// Nothing is said about how long anything takes: only that each layer is measured at each level, by a kernel of its
  /// kind, and that the times price every plan.
  @Test(arguments: [
    ("search.seed=0", 4),
    // The two stages differ in tokens and width.
    (TinySearch.swin, 8),
  ])
  func `each kind of layer is measured at each level and precision`(
    network: String, kinds: Int
  ) throws {
    let search = try TinySearch(network)
    let model = try search.recipe.model.make(seed: 1)
    let work = model.multiplyAdds
    let levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    let planned = try PlannedNetwork(
      model, inputShape: model.inputShape, layers: work.slots.map(\.path),
      calibration: Calibration(batches: [.normal([2] + model.inputShape, using: Generator(seed: 2))]))
    let calibration = CPUCalibration(levels: levels, precisions: [.fp32, .int8], batch: 2, rounds: 1)
    var rounds: [Int] = []
    let times = try calibration.measure(planned, of: work, named: "tiny", on: "here") { round, _ in
      rounds.append(round)
    }
    #expect(rounds == [1])
    // Blocks of one stage are alike; each kind is dense, 2:4 and 1:4 in two precisions.
    #expect(times.layers.count == kinds * 6)
    #expect(Set(times.layers.map(\.name)) == ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"])
    #expect(times.layers.allSatisfy { $0.nanoseconds > 0 && $0.tokens > 0 })
    for layer in times.layers {
      #expect(layer.kernel.hasPrefix(layer.choice.sparsity.isDense ? "dense" : "sparse"), "\(layer)")
      #expect(layer.kernel.contains("s8") == (layer.choice.precision == .int8), "\(layer)")
    }
    #expect((times.threads, times.batch, times.network, times.processor) == (1, 2, "tiny", "here"))

    let accelerator = Accelerator(
      name: "here", source: "measured", levels: levels, precisions: [.fp32, .int8], cost: .measured(times))
    let space = SearchSpace(levels, precisions: [.fp32, .int8], over: work.slots.map(\.path))
    let costs = try accelerator.costs(of: space, in: work)
    #expect(costs.range.lowerBound > times.fixed && costs.unit == .nanoseconds)
    #expect(try Accelerator(yaml: accelerator.yaml(), source: "here") == accelerator)
    let plans = [space.plan(work.slots.map { _ in 0 }), space.plan(work.slots.map { _ in 5 })]
    #expect(try calibration.milliseconds(of: plans, planned).allSatisfy { $0 > 0 && $0.isFinite })
  }
}
