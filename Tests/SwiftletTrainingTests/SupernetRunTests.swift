import Foundation
import SwiftletCheckpoint
import SwiftletCompression
import SwiftletData
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal
import Testing

@testable import SwiftletTraining

/// A supernet of ``TinyRun``'s network.
private struct TinySupernet {
  var tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    tiny.recipe.supernet = .init()
    tiny.recipe.training.distillation = .init()
  }

  func make(_ name: String, resume: Bool = false, dense seed: Int = 5) throws -> TrainingRun<ImageClassificationTask> {
    try TrainingRun(
      recipe: tiny.recipe, supernetOf: tiny.recipe.model.make(seed: seed),
      data: tiny.recipe.data.open(at: nil, imageSize: 16), output: tiny.directory.appending(path: name), resume: resume)
  }

  func schedule(stepsPerEpoch: Int = 8) throws -> SubnetSchedule {
    let settings = try #require(tiny.recipe.supernet)
    let model = try tiny.recipe.model.make(seed: 0)
    return try SubnetSchedule(
      SwiftletCompression.Supernet(model, space: settings.space(of: model)), sampler: settings.sampler,
      recipe: tiny.recipe, stepsPerEpoch: stepsPerEpoch)
  }
}

@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SupernetRunTests {
  static let samplers: [Recipe.Sampler] = {
    var adaptive = Recipe.Adaptive()
    (adaptive.everyEpochs, adaptive.plans, adaptive.minimumVisits) = (1, 4, 1)
    return [.uniform, .stratified, .window(.init()), .adaptive(adaptive)]
  }()

  @Test func `a run trains the dense network's copy, and logs the anchors after each epoch`() throws {
    let small = try TinySupernet()
    defer { small.tiny.remove() }
    let run = try small.make("run")
    let before = try #require(run.teacher).stateDictionary().fingerprint
    var plans: [CompressionPlan] = []
    run.afterStep = { _ in plans += [run.supernet?.plan].compactMap(\.self) }
    let result = try run.start()
    #expect(Set(plans).count > 8 && plans.count == 16)
    #expect(try #require(run.teacher).stateDictionary().fingerprint == before)
    let epochs = try run.metrics().filter { $0.validationAccuracy != nil }
    #expect(
      epochs.map { Set($0.subnets.map(\.keys) ?? [:].keys) } == Array(repeating: ["dense", "1:4", "2:4"], count: 2))
    #expect(epochs.allSatisfy { $0.subnets?["dense"] == $0.validationAccuracy })

    // The file holds a plain network with unmasked weights, whose pruned copy does as the anchor did.
    let trained = try TrainedModel(reading: run.directory.model)
    #expect(trained.recipe == small.tiny.recipe)
    let search = try small.tiny.recipe.data.open(at: nil, imageSize: 16).search
    let loader = small.tiny.recipe.evaluationLoader(over: search)
    #expect(try Evaluation(of: trained.model, on: loader).accuracy == result.validationAccuracy)
    let pruned = trained.model.copy()
    try pruned.prune(to: .uniform(SparsityPattern(keeping: 1, of: 4), model: pruned))
    try pruned.bake()
    #expect(try Evaluation(of: pruned, on: loader).accuracy == result.subnets?["1:4"])
  }

  /// Law: the first step's loss of the dense subnet is the entropy of the teacher's own targets: nothing to learn.
  @Test func `at the dense level the student is its teacher`() throws {
    var small = try TinySupernet()
    defer { small.tiny.remove() }
    small.tiny.recipe.supernet?.levels = [SparsityPattern(keeping: 4, of: 4)]
    small.tiny.network.dropPath = 0
    (small.tiny.recipe.training.logEverySteps, small.tiny.recipe.training.epochs) = (1, 1)
    let run = try small.make("run")
    try run.start()
    #expect((try run.metrics().first?.gradientNorm ?? 1) < 1e-5)
  }

  /// In a process of its own, because a signal reaches every run of a process.
  @Test func `a resumed supernet equals the uninterrupted one bit for bit, whatever the sampler`() async {
    await #expect(processExitsWith: .success) {
      for (sampler, stop) in zip(SupernetRunTests.samplers, [3, 8, 11, 9]) {
        var small = try TinySupernet()
        defer { small.tiny.remove() }
        small.tiny.recipe.supernet?.sampler = sampler
        small.tiny.recipe.supernet?.gradients = .srSTE
        let straight = try small.make("straight")
        try straight.start()
        let interrupted = try small.make("interrupted")
        interrupted.afterStep = { step in
          guard step + 1 == stop else { return }
          kill(getpid(), SIGTERM)
          while Interruption.signalNumber == nil { usleep(100) }  // another thread may take the signal
        }
        do {
          try interrupted.start()
          Issue.record("the run was not interrupted")
        } catch RunError.interrupted {}
        let resumed = try small.make("interrupted", resume: true)
        try resumed.start()
        #expect(resumed.weights == straight.weights, "\(sampler), stopped after \(stop)")
        #expect(try resumed.metrics() == straight.metrics())
      }
    }
  }

  @Test(arguments: samplers)
  func `the subnets of a run depend on seed and step alone`(sampler: Recipe.Sampler) throws {
    var small = try TinySupernet()
    small.tiny.recipe.supernet?.sampler = sampler
    let (first, second) = (try small.schedule(), try small.schedule())
    let sequence = (0..<16).map { first.levels(step: $0) }
    #expect(sequence == (0..<16).reversed().map { second.levels(step: $0) }.reversed())
    #expect(Set(sequence).count > 3)
    small.tiny.recipe.training.seed = 1
    #expect(try (0..<16).map { try small.schedule().levels(step: $0) } != sequence)
  }

  @Test func `the window's plans stay inside their share, as often as the chance says`() throws {
    var small = try TinySupernet()
    let dense = small.tiny.recipe.model.configuration.multiplyAdds.published
    var window = Recipe.Window()
    (window.minimum, window.maximum, window.firstChance, window.lastChance) = (0.6, 0.65, 0, 1)
    window.flatEpochs = 0.5
    small.tiny.recipe.supernet?.sampler = .window(window)
    let schedule = try small.schedule(stepsPerEpoch: 400)
    let inside = try (0..<800).map { step in
      let share = Double(try dense.total(under: schedule.supernet.space.plan(schedule.levels(step: step))))
      return (0.6...0.65).contains(share / Double(dense.dense))
    }
    #expect(inside[600...].allSatisfy { $0 })
    // Before that a stratified plan may lie in the window by chance.
    #expect(inside[..<200].count { $0 } < 60)
    #expect((60..<160).contains(inside[300..<500].count { $0 }))

    (window.minimum, window.maximum) = (0.0, 0.1)
    small.tiny.recipe.supernet?.sampler = .window(window)
    let error = #expect(throws: BudgetError.self) { try small.schedule() }
    guard case .unsatisfiable(let budget, let reachable)? = error else { return }
    #expect(budget.upperBound == dense.dense / 10)
    #expect(reachable.upperBound == dense.dense)
  }

  /// By hand.
  @Test func `a ramp stays, rises evenly and stays`() {
    let ramp = Ramp(from: -1, to: 1, flatEpochs: 10, epochs: 150)
    #expect([0, 10, 75, 140, 150].map(ramp.value) == [-1, -1, 0, 1, 1])
    #expect(Ramp(from: 0, to: 1, flatEpochs: nil, epochs: 150).flatEpochs == 10)
    let step = Ramp(from: 0, to: 1, flatEpochs: 1, epochs: 2)
    #expect([0.9, 1, 1.1].map(step.value) == [0, 1, 1])
  }

  // MARK: - Stored targets

  @Test func `stored targets train as the teacher itself does, and other runs share them`() throws {
    var small = try TinySupernet()
    defer { small.tiny.remove() }
    small.tiny.recipe.training.mixup = 0.2
    let live = try small.make("live")
    try live.start()
    let folder = small.tiny.directory.appending(path: "targets")
    small.tiny.recipe.training.distillation?.stored = .init(directory: folder.path)
    let first = try small.make("first")
    var made: [String] = []
    try first.start { if case .storedTargets(let file) = $0 { made.append(file.lastPathComponent) } }
    #expect(made == ["epoch-0.safetensors", "epoch-1.safetensors"])
    let second = try small.make("second")
    try second.start { if case .storedTargets = $0 { Issue.record("the targets were made again") } }
    #expect(second.weights == first.weights)
    // float16 keeps 11 bits of a probability.
    for (stored, exact) in zip(try first.metrics(), try live.metrics()) {
      #expect(abs(stored.loss - exact.loss) < 2e-3 * exact.loss)
    }

    #expect(
      message { try small.make("other", dense: 6).start() }.contains("choose another distillation.stored.directory"))
    // A shorter epoch saw fewer images.
    small.tiny.recipe.training.stepsPerEpoch = 2
    #expect(message { try small.make("few").start() }.contains("holds a teacher's targets for"))
    small.tiny.recipe.training.stepsPerEpoch = nil
    small.tiny.recipe.data.augmentation.flip = 0.1
    #expect(message { try small.make("flip").start() }.contains("holds a teacher's targets for"))
  }

  /// By hand: of probabilities .5, .3, .15 and .05 two are kept, the other two classes share the remaining .2.
  @Test func `what the kept classes leave is spread evenly`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "targets-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "epoch-0.safetensors")
    let images = Tensor.normal([2, 3, 4, 4], using: Generator(seed: 1))
    let writer = TargetWriter(images: 5, kept: 2)
    writer.add(
      Tensor([0.3, 0.15, 0.5, 0.05, 0.125, 0.5, 0.125, 0.25] as [Float], shape: [2, 4]), for: [4, 1], images: images)
    try writer.write(to: file, identity: "these")
    let stored = try EpochTargets.read(from: file, identity: "these", images: 5)
    let expected: [Float] = [0.3, 0.1, 0.5, 0.1, 0.125, 0.5, 0.125, 0.25]
    let found = try stored.targets(for: [4, 1], images: images, classes: 4).scalars(as: Float.self)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 })
    #expect(found[7] == 0.25 && found[4] == 0.125)

    // Other pixels, swapped images, another identity, another data set, a damaged file.
    #expect(message { try stored.targets(for: [1, 4], images: images, classes: 4) }.hasPrefix("image 1 was augmented"))
    var pixels = images.scalars(as: Float.self)
    pixels.swapAt(60, 61)
    let other = Tensor(pixels, shape: images.shape)
    #expect(message { try stored.targets(for: [4, 1], images: other, classes: 4) }.hasPrefix("image 1 was augmented"))
    #expect(
      message { try EpochTargets.read(from: file, identity: "those", images: 5) }.contains(
        "targets for these, this run"))
    #expect(
      message { try EpochTargets.read(from: file, identity: "these", images: 6) }.contains("no teacher's targets"))
    try Data(contentsOf: file).prefix(100).write(to: file)
    #expect(throws: (any Error).self) { try EpochTargets.read(from: file, identity: "these", images: 5) }
  }

  // MARK: - What goes wrong

  @Test func `what a supernet needs is asked for in one sentence`() throws {
    var small = try TinySupernet()
    defer { small.tiny.remove() }
    let out = small.tiny.directory.appending(path: "out")
    let missing =
      "the recipe trains a supernet, which starts from a dense network and learns from it: give it with --checkpoint"
    #expect(message { try TrainingRun(recipe: small.tiny.recipe, data: nil, output: out) } == missing)
    #expect(message { try small.tiny.make("out") } == missing)

    let checkpoint = small.tiny.directory.appending(path: "dense.safetensors")
    try FileManager.default.createDirectory(at: small.tiny.directory, withIntermediateDirectories: true)
    try TrainedModel.write(
      small.tiny.recipe.model.make(seed: 3), recipe: small.tiny.recipe,
      classes: ProceduralShapes(count: 0, seed: 0, side: 16).classes, to: checkpoint)
    let run = try TrainingRun(recipe: small.tiny.recipe, data: nil, dense: checkpoint, output: out)
    #expect(run.supernet?.space.slots.count == 8)

    var recipe = small.tiny.recipe
    var network = small.tiny.network
    network.heads = 4  // the same shapes
    recipe.model.configuration = .deit(network)
    #expect(
      message { try TrainingRun(recipe: recipe, data: nil, dense: checkpoint, output: out) }
        .hasSuffix("start from a checkpoint of the same model"))
    recipe = small.tiny.recipe
    recipe.supernet?.dense = ["head"]
    #expect(
      message { try TrainingRun(recipe: recipe, data: nil, dense: checkpoint, output: out) }.contains("names head"))
    recipe.supernet = nil
    #expect(
      message { try TrainingRun(recipe: recipe, data: nil, dense: checkpoint, output: out) }
        .contains("the recipe has no supernet section"))
    small.tiny.recipe.training.distillation = nil
    #expect(message { try small.make("none") }.contains("supernet learns from its dense network"))
  }

  @Test func `a checkpoint without the adaptive sampler's state is refused`() throws {
    var small = try TinySupernet()
    defer { small.tiny.remove() }
    small.tiny.recipe.supernet?.sampler = Self.samplers[3]
    let run = try small.make("run")
    try run.start()
    var state = try Checkpoint.read(from: run.directory.checkpoint)
    state.metadata["swiftlet.sampler"] = "{}"
    try Checkpoint.write(state, to: run.directory.checkpoint, format: .safetensors)
    #expect(message { try small.make("run", resume: true) }.contains("what the adaptive sampler"))
  }

  private func message(_ body: () throws -> some Any) -> String {
    do { return "no error: \(try body())" } catch { return "\(error)" }
  }
}
