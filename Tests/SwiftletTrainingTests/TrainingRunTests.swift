import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import SwiftletTerminal
import Testing

@testable import SwiftletTraining

private struct Stop: Error {}

@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct TrainingRunTests {
  @Test func `a run writes its record and lowers the loss`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    tiny.recipe.training.epochs = 6
    tiny.recipe.training.learningRate = 5e-3
    let run = try tiny.make("run")
    var events: [String] = []
    let result = try run.start { event in
      switch event {
      case .started: events.append("started")
      case .epochEnded: events.append("epoch")
      case .stopped: events.append("stopped")
      case .progress, .logged, .checkpointed, .storedTargets: break
      }
    }
    #expect(events == ["started"] + Array(repeating: "epoch", count: 6) + ["stopped"])
    #expect(result.steps == 48 && result.epochs == 6)
    let epochs = try run.metrics().filter { $0.validationLoss != nil }
    #expect(epochs.count == 6)
    #expect(epochs[5].loss < epochs[0].loss)
    #expect(try Recipe.read(from: run.directory.recipe) == tiny.recipe)

    let trained = try TrainedModel(reading: run.directory.model)
    #expect(trained.classes.count == 10)
    let search = try tiny.recipe.data.open(at: nil, imageSize: 16).search
    let evaluation = try Evaluation(of: trained.model, on: tiny.recipe.evaluationLoader(over: search))
    #expect(evaluation.accuracy == result.validationAccuracy)
    #expect(abs(evaluation.loss - (result.validationLoss ?? .nan)) < 1e-6)
  }

  /// Law: the seed decides everything; another seed decides otherwise.
  @Test func `the same seed gives the same losses and weights, whatever the workers`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    let first = try tiny.make("first")
    try first.start()
    tiny.recipe.training.workers = 3
    let second = try tiny.make("second")
    try second.start()
    #expect(first.weights == second.weights)
    #expect(try first.metrics() == second.metrics())
    tiny.recipe.training.seed = 1
    let third = try tiny.make("third")
    try third.start()
    #expect(first.weights != third.weights)
  }

  /// Law: an interrupted run that is resumed equals the uninterrupted one, bit for bit: weights, average and metrics.
  ///
  /// In a process of its own, because a signal reaches every run of a process.
  @Test func `a resumed run equals the uninterrupted one bit for bit`() async {
    await #expect(processExitsWith: .success) {
      for stop in [1, 5, 8, 11] {
        let tiny = try TinyRun()
        defer { tiny.remove() }
        let straight = try tiny.make("straight")
        let expected = try straight.start()

        let interrupted = try tiny.make("interrupted")
        interrupted.afterStep = { step in
          guard step + 1 == stop else { return }
          kill(getpid(), SIGTERM)
          while Interruption.signalNumber == nil { usleep(100) }  // another thread may take the signal
        }
        do {
          try interrupted.start()
          Issue.record("the run was not interrupted")
        } catch RunError.interrupted(let signal, _) {
          #expect(signal == SIGTERM)
        }
        let resumed = try tiny.make("interrupted", resume: true, model: tiny.recipe.model.make(seed: 99))
        let result = try resumed.start()
        #expect(resumed.weights == straight.weights)
        #expect(try resumed.metrics() == straight.metrics())
        #expect(result.validationAccuracy == expected.validationAccuracy && result.steps == expected.steps)
        let (a, b) = (
          try Checkpoint.read(from: straight.directory.model), try Checkpoint.read(from: resumed.directory.model)
        )
        #expect(a.names == b.names)
        for (name, tensor) in a {
          #expect(tensor.scalars(as: Float.self) == b[name]?.scalars(as: Float.self), "\(name)")
        }
      }
    }
  }

  /// A crash (here: an error from a hook) loses what came after the last checkpoint, and nothing before it.
  @Test func `a run that failed goes on from its last checkpoint`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let straight = try tiny.make("straight")
    try straight.start()
    let failing = try tiny.make("failing")
    failing.beforeStep = { if $0 == 10 { throw Stop() } }
    #expect(throws: Stop.self) { try failing.start() }
    let resumed = try tiny.make("failing", resume: true)
    try resumed.start()
    #expect(resumed.weights == straight.weights)
    #expect(try resumed.metrics() == straight.metrics())
  }

  @Test func `a finished run resumes to its result at once`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let result = try tiny.make("run").start()
    var again = try tiny.make("run", resume: true).start()
    #expect(again == result)
    again = try tiny.make("run", resume: true).start()
    #expect(again == result)
  }

  @Test func `hooks see every step in order`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let run = try tiny.make("run")
    var calls: [String] = []
    run.beforeStep = { calls.append("before \($0)") }
    run.afterStep = { calls.append("after \($0)") }
    try run.start()
    #expect(calls == (0..<16).flatMap { ["before \($0)", "after \($0)"] })
  }

  /// Law: with a teacher equal to the student and no labels, soft targets are the student's own and the gradient is zero.
  @Test func `a student that equals its teacher has nothing to learn`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    tiny.network.dropPath = 0
    tiny.recipe.training.distillation = .init()
    tiny.recipe.training.logEverySteps = 1
    tiny.recipe.training.epochs = 1
    let teacher = try tiny.recipe.model.make(seed: 0)
    let run = try TrainingRun(
      recipe: tiny.recipe, model: teacher.copy(), data: tiny.recipe.data.open(at: nil, imageSize: 16),
      output: tiny.directory, teacher: teacher)
    try run.start()
    let first = try #require(try run.metrics().first)
    #expect((first.gradientNorm ?? 1) < 1e-5)
  }

  @Test func `every precision, optimiser and mixing runs`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    tiny.recipe.training.epochs = 1
    tiny.recipe.training.precision = .bf16
    tiny.recipe.training.optimizer = .sgd(momentum: 0.9, nesterov: true)
    tiny.recipe.training.mixup = 0.2
    tiny.recipe.training.cutmix = 1
    tiny.recipe.training.labelSmoothing = 0.1
    tiny.recipe.data.augmentation.randAugment = "rand-m5-n1-inc1"
    tiny.recipe.data.augmentation.erasing = 0.2
    tiny.recipe.data.augmentation.colorJitter = 0.2
    tiny.recipe.data.augmentation.crop = .resized(minimumArea: 0.5)
    tiny.recipe.model.initialization = .mimetic
    #expect(try tiny.make("run").start().steps == 8)
  }

  // MARK: - What goes wrong

  @Test func `a loss that is not a number stops the run before the weights are touched`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let run = try tiny.make("run")
    run.beforeStep = { step in
      if step == 2, let bias = run.model.namedParameters().first(where: { $0.path == "head.bias" }) {
        withNoGradient { _ = bias.tensor.fillInPlace(.nan) }
      }
    }
    do {
      try run.start()
      Issue.record("the run went on")
    } catch {
      #expect(
        "\(error)".hasPrefix("the loss is nan at step 2 with learning rate"), "\(error)")
      #expect("\(error)".hasSuffix("lower training.learningRate or set training.clipNorm"), "\(error)")
    }
  }

  @Test func `an output that holds a run is refused, and so is resuming nothing`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    try tiny.make("run").start()
    let place = tiny.directory.appending(path: "run").path
    #expect(
      message { try tiny.make("run") }
        == "\(place) holds a run already; continue it with --resume or choose another --out")
    let empty = tiny.directory.appending(path: "empty").path
    #expect(
      message { try tiny.make("empty", resume: true) }
        == "\(empty) holds no checkpoint to resume from; start without --resume")
  }

  @Test func `another recipe or other data cannot take over a run`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    try tiny.make("run").start()
    let place = tiny.directory.appending(path: "run").path
    tiny.recipe.training.learningRate = 0.5
    #expect(
      message { try tiny.make("run", resume: true) }
        == "the run in \(place) was started with training.learningRate = 1e-3, the recipe now says 5e-1; use the same or another --out"
    )
    tiny.recipe.training.learningRate = 1e-3
    let other = TrainingData(
      training: ProceduralShapes(count: 64, seed: 3, side: 16), search: ProceduralShapes(count: 7, seed: 4, side: 16),
      description: "others")
    let problem = message {
      try TrainingRun(
        recipe: tiny.recipe, model: tiny.recipe.model.make(seed: 0), data: other,
        output: tiny.directory.appending(path: "run"), resume: true)
    }
    #expect(problem.hasPrefix("the run in \(place) was started on 64 + 16 images of 10 classes, "))
  }

  @Test func `data that does not fit the recipe is refused in one sentence`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    tiny.network.classes = 7
    #expect(
      message { try tiny.make("run") }
        == "procedural shapes has 10 classes, the recipe's model has 7; set the model's classes to 10")
    tiny.network.classes = 10
    tiny.recipe.training.batchSize = 100
    #expect(
      message { try tiny.make("run") }
        == "procedural shapes has 64 training images, a batch takes 100; lower training.batchSize")
    tiny.recipe.training.batchSize = 8
    tiny.recipe.training.distillation = .init()
    #expect(message { try tiny.make("run") } == "the recipe asks for distillation but the run has no teacher")
    tiny.recipe.training.distillation = nil
    tiny.recipe.data.kind = .files
    #expect(
      message { try tiny.make("run") } == "recipe: data.kind is files, which needs the place of the data: give --data")
    #expect(
      message { try TrainingRun(recipe: tiny.recipe, data: URL(filePath: "/no/such"), output: tiny.directory) }
        == "/no/such does not exist")
  }

  @Test func `a damaged checkpoint is refused by name`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let run = try tiny.make("run")
    try run.start()
    let whole = try Data(contentsOf: run.directory.checkpoint)
    for length in [0, 7, 100, whole.count / 2, whole.count - 1] {
      try whole.prefix(length).write(to: run.directory.checkpoint)
      #expect(message { try tiny.make("run", resume: true) }.contains("checkpoint.safetensors"), "\(length) bytes")
    }
    try FileManager.default.removeItem(at: run.directory.checkpoint)
    try FileManager.default.copyItem(at: run.directory.model, to: run.directory.checkpoint)
    #expect(message { try tiny.make("run", resume: true) }.contains("it is no checkpoint of a run"))
  }

  private func message(_ body: () throws -> some Any) -> String {
    do { return "no error: \(try body())" } catch { return "\(error)" }
  }
}
