import Foundation
import SwiftletBenchmarkKit
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import SwiftletSearch
import SwiftletTensor
import SwiftletTraining
import SwiftletWorkflows
import TestSupport
import Testing
import TrainingTestSupport

/// What is measured, not how fast it is.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct BenchWorkflowTests {
  static let half = SparsityPattern(keeping: 2, of: 4)

  @Test func `every pattern, plan and precision of a network is a variant beside libtorch`() throws {
    let recipe = try Recipe.parse(SmallNetwork.yaml)
    let plan = PlanNetwork(recipe).work.uniform(SparsityPattern(keeping: 1, of: 4))
    let benchmark = try VariantBenchmark(
      of: recipe.model.configuration, patterns: [.dense, Self.half], plans: [("quarter", plan)],
      precisions: [.fp32, .int8])
    let round = try benchmark.measure(batch: 2, threads: 1, runs: 1)
    #expect(
      round.lines.map(\.name) == ["dense fp32", "2:4 fp32", "quarter fp32", "dense int8", "2:4 int8", "quarter int8"])
    #expect(round.torch.name == "libtorch fp32" && round.torch.batch == 2)
    #expect(round.lines[0].speedUpOverDense == 1 && round.lines[3].speedUpOverDense == 1)
    // Values of fp32 with 2-bit indices: 2:4 is 17/32 of dense, 1:4 is 17/64.
    let weights = 32 * 96 + 32 * 32 + 2 * 32 * 128
    #expect(round.lines.prefix(3).map(\.weightBytes) == [weights * 4, weights * 17 / 8, weights * 17 / 16])
    #expect(round.lines.allSatisfy { $0.speedUpOverTorch > 0 && $0.bytes > $0.weightBytes })
  }

  @Test func `libtorch runs the network that a model file was made from`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let file = directory.appending(path: "small.swiftlet")
      _ = try ModelExport(of: TrainedModel(reading: checkpoint)).write(to: file)
      let model = try ModelFile(contentsOf: file)
      let sides = [Contender(name: "small", model), try Contender(torchOf: model)]
      #expect(try sides.map { try $0.work(3, 1)().count } == [30, 30])
      let nameless = try RandomVisionTransformer(size: .tiny, precision: .fp32, pattern: nil).model()
      #expect(throws: BenchError.self) { try Contender(torchOf: nameless) }
    }
  }

  @Test func `a processor becomes an accelerator that a search can read`() throws {
    let folder = try TemporaryFolder()
    let recipe = try Recipe.parse(SmallNetwork.yaml)
    let file = folder.url.appending(path: "here.yaml")
    let calibration = CPUCalibration(levels: [Self.half, .init(keeping: 4, of: 4)], precisions: [.fp32], rounds: 1)
    var rounds = 0
    let result = try calibration.accelerator(
      for: recipe.model.make(seed: 1), named: "\(recipe.model)", to: file, checks: 1
    ) { round, _ in rounds = round }
    #expect(rounds == 1 && result.checks.map(\.plan) == ["uniform 2:4 fp32", "uniform 4:4 fp32", "drawn 1"])
    #expect(result.checks.allSatisfy { $0.predicted > 0 && $0.measured > 0 })
    let accelerator = try Accelerator(contentsOf: file)
    #expect(accelerator.name == "here" && accelerator.levels == calibration.levels)
    var maker = PlanMaker(for: PlanNetwork(recipe))
    (maker.levels, maker.budget, maker.accelerator) = (calibration.levels, try Budget(parsing: "ms=1000"), accelerator)
    #expect(try maker.plan(by: .erdosRenyi(.share(1))).paths.count == 4)
  }

  @Test func `each part of the machine is looked at`() {
    #expect(MachineCheck.all.map(\.subject) == ["processor", "libtorch", "CUDA", "FFmpeg", "disk"])
    #expect(MachineCheck.all.prefix(2).allSatisfy { $0.verdict == .fine && "\($0)".hasPrefix("✔ \($0.subject): ") })
  }
}
