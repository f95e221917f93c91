import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining
import TensorTestSupport
import TestSupport
import Testing
import ToyTask

/// A tour of training something that is no picture: sounds of any length, two losses a step, metrics of its own.
@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ToyTaskTests {
  /// A recipe says what is drawn, how wide the network is, and how it learns.
  static let recipe = RecipeText(
    """
    task: listening
    model: {width: 8}
    data: {training: 64, search: 16, seed: 3}
    training: {epochs: 2, batchSize: 8, learningRate: 0.02, averageDecay: 0.9999, logEverySteps: 3, threads: 1}
    """)

  static func run(
    _ name: String, in folder: TemporaryFolder, set overrides: [String] = [], start: StartingWeights? = nil,
    resume: Bool = false
  ) throws -> TrainingRun<ListeningTask> {
    let text = RecipeText(recipe.yaml, overrides: overrides)
    let task = try ListeningTask(text, data: nil, start: start)
    return try TrainingRun(task, output: folder.url.appending(path: name), resume: resume)
  }

  @Test func `it learns, and its metrics have its own names`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.run("run", in: folder, set: ["training.epochs=6"])
    let result = try run.start()
    #expect(result.steps == 48 && Set(result.validation.keys) == ["loss", "accuracy", "loudnessError"])
    let metrics = try run.directory.readMetrics()
    let epochs = metrics.filter { !$0.validation.isEmpty }
    #expect(epochs.count == 6 && epochs[5].loss < epochs[0].loss / 2)
    #expect((epochs[5].validation["loudnessError"] ?? 1) < (epochs[0].validation["loudnessError"] ?? 0))
    let logged = try #require(metrics.first { $0.validation.isEmpty })
    let parts = try #require(logged.losses)
    #expect(parts.keys.sorted() == ["feeling", "loudness"])
    #expect(abs(parts.values.reduce(0, +) - logged.loss) < 1e-9)
    let lines = try String(contentsOf: run.directory.metrics, encoding: .utf8)
    #expect(lines.contains("\"soundsPerSecond\":") && lines.contains("\"validationLoudnessError\":"))
  }

  @Test func `it ends when nothing got better for as many epochs as it is patient, and stays ended`() throws {
    let folder = try TemporaryFolder()
    let set = ["training.epochs=80", "training.patience=2", "training.learningRate=0.3", "training.averageDecay=null"]
    let run = try Self.run("run", in: folder, set: set + ["training.keep=best"])
    let result = try run.start()
    let losses = try run.directory.readMetrics().compactMap { $0.validation["loss"] }
    #expect(result.epochs == losses.count && losses.count < 80)
    #expect(losses.firstIndex(of: losses.min() ?? 0) == losses.count - 3)
    let resumed = try Self.run("run", in: folder, set: set + ["training.keep=best"], resume: true)
    #expect(try resumed.start().steps == result.steps)
    // More epochs alone bring nothing, which is said; more patience does.
    let longer = try Self.run("run", in: folder, set: set + ["training.keep=best", "training.epochs=90"], resume: true)
    var started = ""
    #expect(try longer.start { if case .started(let text) = $0 { started = text } }.steps == result.steps)
    #expect(started.contains("over, as nothing got better in 2 epochs"), "\(started)")
    let patient = try Self.run(
      "run", in: folder, set: set + ["training.keep=best", "training.epochs=90", "training.patience=4"], resume: true)
    #expect(try patient.start().steps > result.steps)
    #expect(throws: RecipeError.self) {
      try Self.run("none", in: folder, set: ["training.patience=2", "data.search=0"])
    }
  }

  /// Law: an interrupted run that is resumed equals the uninterrupted one, bit for bit.
  ///
  /// In a process of its own, because a signal reaches every run of a process.
  @Test func `it is interrupted inside an epoch and goes on as if it had not been`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let straight = try ToyTaskTests.run("straight", in: folder)
      try straight.start()

      let interrupted = try ToyTaskTests.run("interrupted", in: folder)
      interrupted.afterStep = { step in
        guard step == 10 else { return }
        kill(getpid(), SIGTERM)
        while Interruption.signalNumber == nil { usleep(100) }  // another thread may take the signal
      }
      #expect(throws: RunError.self) { try interrupted.start() }
      let resumed = try ToyTaskTests.run("interrupted", in: folder, resume: true)
      try resumed.start()

      #expect(try resumed.written == straight.written)
      func withoutClock(_ run: TrainingRun<ListeningTask>) throws -> [Metrics] {
        try run.directory.readMetrics().map {
          var line = $0
          (line.seconds, line.samplesPerSecond) = (0, nil)
          return line
        }
      }
      #expect(try withoutClock(resumed) == withoutClock(straight))
    }
  }

  /// Law: the same, where the weights' average stands in their place as the signal comes.
  @Test func `it is interrupted while it is judged and goes on as if it had not been`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let straight = try ToyTaskTests.run("straight", in: folder)
      try straight.start()

      let interrupted = try ToyTaskTests.run("interrupted", in: folder)
      interrupted.task.duringEvaluation = { run in
        kill(getpid(), SIGTERM)
        while Interruption.signalNumber == nil { usleep(100) }  // another thread may take the signal
        try run.stopIfAsked()
      }
      #expect(throws: RunError.self) { try interrupted.start() }
      let resumed = try ToyTaskTests.run("interrupted", in: folder, resume: true)
      try resumed.start()
      #expect(try resumed.written == straight.written)
    }
  }

  /// Law: what a loss does not name it does not move, running statistics included.
  @Test func `a loss moves its part alone`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.run("run", in: folder, set: ["training.averageDecay=null", "training.weightDecay=0.1"])
    run.task.losses = [run.task.loudness]
    let before = Self.values(of: run.task.network)
    try run.start()
    let after = Self.values(of: run.task.network)
    let moved = before.keys.filter { before[$0] != after[$0] }.sorted()
    #expect(moved == ["loudness.bias", "loudness.weight"])
  }

  /// Law: behind a sound's end there is nothing.
  @Test func `a sound does not depend on longer ones beside it`() throws {
    let task = try ListeningTask(Self.recipe, data: nil, start: nil)
    let batch = try #require(try task.batches(ofEpoch: 0, startingAt: 0).next())
    let lengths = try #require(batch.lengths(of: "frames")).scalars(as: Int.self)
    #expect(Set(lengths).count > 1)
    func hear(_ frames: Tensor, _ speaker: Tensor, _ mask: Tensor?) -> Tensor {
      withNoGradient { task.listener(frames: frames, speaker: speaker, mask: mask).feeling }
    }
    let (frames, speaker) = (batch.tensor("frames"), batch.tensor("speaker"))
    let together = hear(frames, speaker, batch.mask(of: "frames"))
    for (index, length) in lengths.enumerated() {
      let alone = hear(
        frames.narrowed(along: 0, from: index, count: 1).narrowed(along: 1, from: 0, count: length),
        speaker.narrowed(along: 0, from: index, count: 1), nil)
      #expect(distance(alone, together.narrowed(along: 0, from: index, count: 1)) < 1e-6)
    }
  }

  /// Law: what is written is the average, which has left its random start after a few steps: statistics too.
  @Test func `an average over many thousand steps follows sixteen`() throws {
    let folder = try TemporaryFolder()
    let run = try Self.run("run", in: folder)
    try run.start()
    let state = try Checkpoint.read(from: run.directory.model)
    for (path, trained) in Self.values(of: run.task.network) where path.contains("running") {
      let average = try #require(state[path]).scalars(as: Float.self)
      let start: Float = path.contains("var") ? 1 : 0
      let (way, left) = (
        zip(trained, average).map { abs($0 - $1) }.reduce(0, +), trained.map { abs($0 - start) }.reduce(0, +)
      )
      #expect(way < left / 2, "\(path)")
    }
  }

  @Test func `the network of the best epoch is kept where the recipe says so`() throws {
    let folder = try TemporaryFolder()
    // So large a rate at the end of the warm-up makes the last epochs worse.
    let overrides = [
      "training.epochs=5", "training.learningRate=10", "training.warmupEpochs=5", "training.averageDecay=null",
    ]
    let best = try Self.run("best", in: folder, set: overrides + ["training.keep=best"])
    try best.start()
    let losses = try best.directory.readMetrics().compactMap(\.validationLoss)
    let first = try #require(losses.indices.min { losses[$0] < losses[$1] })
    #expect(first < 4, "\(losses)")
    let short = try Self.run("short", in: folder, set: overrides + ["training.keep=best"])
    short.beforeStep = { if $0 == 8 * (first + 1) { throw Stop() } }
    #expect(throws: Stop.self) { try short.start() }
    #expect(try best.written == short.written)
    let last = try Self.run("last", in: folder, set: overrides)
    try last.start()
    #expect(try best.written != last.written)
  }

  @Test func `it begins with given weights, which are part of the run`() throws {
    let folder = try TemporaryFolder()
    let first = try Self.run("first", in: folder, set: ["training.averageDecay=null"])
    try first.start()
    let start = StartingWeights(first.directory.model)
    let second = try Self.run("second", in: folder, start: start)
    #expect(Self.values(of: second.task.network) == Self.values(of: first.task.network))
    try second.start()
    #expect(throws: Never.self) { try Self.run("second", in: folder, start: start, resume: true) }
    #expect {
      try Self.run("second", in: folder, resume: true)
    } throws: {
      "\($0)".contains("began with weights ") && "\($0)".contains("it is now given random weights")
    }
  }

  @Test func `its recipe is strict, and comes back as it was`() throws {
    let recipe = try Self.recipe.recipe(as: ListeningRecipe.self)
    #expect(try recipe.yaml().hasPrefix("task: listening\n"))
    #expect(try ListeningRecipe.parse(recipe.yaml()) == recipe)
    func message(_ yaml: String) -> String {
      do { return "no error: \(try ListeningRecipe.parse(yaml))" } catch { return "\(error)" }
    }
    #expect(message("task: listening\nmodel: {widht: 3}").contains("did you mean width?"))
    #expect(message("model: {width: 3}") == "recipe: task is 'image-classification', expected listening")
    #expect(message("task: [3]").hasPrefix("recipe:1: task is [3], expected a word"))
    #expect {
      try TrainingTasks.task(of: Self.recipe)
    } throws: {
      "\($0)" == "recipe:1: task is 'listening', expected image-classification, language"
    }
  }

  private struct Stop: Error {}

  static func values(of network: any Module) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: network.stateDictionary().map { ($0.name, $0.tensor.scalars(as: Float.self)) })
  }
}

extension TrainingRun {
  /// Every weight and statistic of the file that the run wrote, bit by bit.
  fileprivate var written: [String: [Float]] {
    get throws {
      let state = try Checkpoint.read(from: directory.model)
      return Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor.scalars(as: Float.self)) })
    }
  }
}
