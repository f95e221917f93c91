import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletNN
import SwiftletTensor
import SwiftletTerminal
import Testing

@testable import SwiftletTraining

/// What happens to a run from outside: a second one, more epochs, another processor, signals.
@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct GoingOnTests {
  @Test func `a folder has one run at a time`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let first = try tiny.make("run")
    let place = tiny.directory.appending(path: "run").path
    let refusal = "\(place) is being written by another run: wait for it, or choose another --out"
    #expect(message { try tiny.make("run") } == refusal)
    try first.start()
    // It is over, though the value is still there.
    try tiny.make("run", resume: true).start()
    let again = try tiny.make("run", resume: true)
    #expect(message { try tiny.make("run", resume: true) } == refusal)
    withExtendedLifetime((first, again)) {}
  }

  /// Law: the steps that were taken stay as they are; those that follow have the rates of the longer run.
  @Test func `a finished run goes on for more epochs`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    tiny.recipe.training.logEverySteps = 1
    try tiny.make("run").start()
    let before = try tiny.make("run", resume: true).metrics()
    tiny.recipe.training.epochs = 4
    let longer = try tiny.make("run", resume: true)
    var started = ""
    let result = try longer.start { if case .started(let text) = $0 { started = text } }
    #expect(result.epochs == 4 && result.steps == 32)
    #expect(
      started.contains(
        "resumed at step 16; 4 epochs in place of 2: from here on the learning rate is that of a run of 4"),
      "\(started)")
    let metrics = try longer.metrics()
    #expect(Array(metrics.prefix(before.count)) == before)
    let schedule = tiny.recipe.loop.schedule(stepsPerEpoch: 8)
    let later = metrics.dropFirst(before.count)
    #expect(later.count == 18)
    for line in later { #expect(line.learningRate == schedule.rate(at: line.step - 1)) }
    // And the longer run is the recipe's from now on.
    tiny.recipe.training.epochs = 3
    #expect(message { try tiny.make("run", resume: true) }.contains("was started with training.epochs = 4"))
  }

  @Test func `epochs of a few steps are followed by others of as many`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    (tiny.recipe.training.stepsPerEpoch, tiny.recipe.training.logEverySteps) = (3, 1)
    let run = try tiny.make("run")
    let result = try run.start()
    #expect(result.epochs == 2 && result.steps == 6)
    let schedule = tiny.recipe.loop.schedule(stepsPerEpoch: 3)
    #expect(schedule.totalSteps == 6)
    for line in try run.metrics() where line.validation.isEmpty {
      #expect(line.learningRate == schedule.rate(at: line.step - 1))
    }
  }

  /// Law: going on in two pieces is going on in one.
  @Test func `a run that was made longer resumes bit for bit`() throws {
    struct Stop: Error {}
    var tiny = try TinyRun()
    defer { tiny.remove() }
    for name in ["straight", "broken"] { try tiny.make(name).start() }
    tiny.recipe.training.epochs = 4
    let straight = try tiny.make("straight", resume: true)
    try straight.start()
    let broken = try tiny.make("broken", resume: true)
    broken.beforeStep = { if $0 == 27 { throw Stop() } }
    #expect(throws: Stop.self) { try broken.start() }
    let resumed = try tiny.make("broken", resume: true)
    try resumed.start()
    #expect(resumed.weights == straight.weights)
    #expect(try resumed.metrics() == straight.metrics())
  }

  @Test func `a precision of auto is settled once`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    tiny.recipe.training.precision = .auto
    let (chosen, reason) = Recipe.Arithmetic.chosen()
    #expect(chosen == (Torch.multipliesBFloat16() ? .bf16 : .fp32))
    let run = try tiny.make("run")
    var started = ""
    try run.start { if case .started(let text) = $0 { started = text } }
    #expect(started.contains("in \(chosen.rawValue) on cpu") && started.contains("\(chosen.rawValue) as \(reason)"))
    #expect(try Recipe.read(from: run.directory.recipe).training.precision == chosen)
    #expect(try TrainedModel(reading: run.directory.model).recipe.training.precision == chosen)
    #expect(try TrainingCheckpoint<Recipe>.read(from: run.directory.checkpoint).recipe.training.precision == chosen)

    // A run that began with the other one keeps it, as if this were another processor.
    let other: Recipe.Arithmetic = chosen == .fp32 ? .bf16 : .fp32
    tiny.recipe.training.precision = other
    try tiny.make("other").start()
    tiny.recipe.training.precision = .auto
    let resumed = try tiny.make("other", resume: true)
    #expect(resumed.recipe.training.precision == other)
    try resumed.start { if case .started(let text) = $0 { started = text } }
    #expect(started.contains("\(other.rawValue) as the run began with it, though \(reason)"), "\(started)")
  }

  /// In a process of its own: libtorch has one number of threads, on which the last bits of the other tests' runs depend.
  @Test func `a recipe asks for no more threads than there are processors`() async {
    await #expect(processExitsWith: .success) {
      var tiny = try TinyRun()
      defer { tiny.remove() }
      tiny.recipe.training.threads = 1024
      tiny.recipe.training.workers = 256
      let run = try tiny.make("run")
      #expect(Torch.threads == AvailableProcessors.count)
      let search = try tiny.recipe.data.open(at: nil, imageSize: 16).search
      #expect(tiny.recipe.evaluationLoader(over: search).workers <= AvailableProcessors.count)
      var started = ""
      try run.start { if case .started(let text) = $0 { started = text } }
      #expect(started.contains("1024 threads were asked for, the process may use"), "\(started)")
    }
  }

  @Test func `memory that runs out is an error that says what to make smaller`() throws {
    let problem = message {
      try advising("lower training.batchSize", while: "training") { Tensor.zeros([1 << 46]) + 1 }
    }
    #expect(problem.hasPrefix("memory ran out while training: lower training.batchSize (aten::zeros"), "\(problem)")
  }

  // MARK: - Signals

  /// In processes of their own, because a signal reaches every run of a process.
  @Test(arguments: [SIGHUP, SIGTERM, SIGINT])
  func `a signal leaves a checkpoint to go on from`(number: Int32) async {
    // The body of an exit test captures nothing: each signal is spelled out.
    switch number {
    case SIGHUP:
      await #expect(processExitsWith: .success) {
        try interruptAndResume(by: SIGHUP, times: 2, as: "the closed terminal")
      }
    case SIGTERM: await #expect(processExitsWith: .success) { try interruptAndResume(by: SIGTERM, as: "signal 15") }
    default: await #expect(processExitsWith: .success) { try interruptAndResume(by: SIGINT, as: "Ctrl-C") }
    }
  }

  @Test func `a second Ctrl-C ends at once`() async {
    await #expect(processExitsWith: .signal(SIGINT)) {
      signal(SIGINT, SIG_DFL)  // whatever started the tests
      try Interruption.whileListening {
        for _ in 0..<2 {
          kill(getpid(), SIGINT)
          for _ in 0..<1000 where Interruption.signalNumber == nil { usleep(1000) }
        }
        usleep(10_000_000)
        throw RunError.missingTeacher
      }
    }
  }

  @Test func `what nohup ignores stays ignored, and handlers come back`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGHUP, SIG_IGN)
      Interruption.whileListening {
        kill(getpid(), SIGHUP)
        usleep(20_000)
        precondition(Interruption.signalNumber == nil)
      }
      kill(getpid(), SIGHUP)
      precondition(unsafeBitCast(signal(SIGINT, SIG_DFL), to: Int.self) == unsafeBitCast(SIG_DFL, to: Int.self))
    }
  }

  private func message(_ body: () throws -> some Any) -> String {
    do { return "no error: \(try body())" } catch { return "\(error)" }
  }
}

private func interruptAndResume(by number: Int32, times: Int = 1, as name: String) throws {
  signal(number, SIG_DFL)  // whatever started the tests
  let tiny = try TinyRun()
  defer { tiny.remove() }
  let straight = try tiny.make("straight")
  try straight.start()
  let run = try tiny.make("run")
  run.afterStep = { step in
    guard step == 4 else { return }
    for _ in 0..<times { kill(getpid(), number) }
    while Interruption.signalNumber == nil { usleep(100) }  // another thread may take the signal
  }
  do {
    try run.start()
    fatalError("the run was not interrupted")
  } catch let error as RunError {
    precondition("\(error)".hasPrefix("stopped by \(name); continue with --resume from "), "\(error)")
  }
  let resumed = try tiny.make("run", resume: true)
  try resumed.start()
  precondition(resumed.weights == straight.weights)
}
