import SwiftletRuntime

/// One side of a comparison, such as a model file in our runtime.
public struct Contender {
  public let name: String
  /// What the processor is asked for, in words.
  public let instructionSet: String
  /// The work of a batch on so many threads, ready to be timed: input in, scores out.
  public let work: (_ batch: Int, _ threads: Int) throws -> () throws -> [Float]

  public init(
    name: String, instructionSet: String, work: @escaping (_ batch: Int, _ threads: Int) throws -> () throws -> [Float]
  ) {
    (self.name, self.instructionSet, self.work) = (name, instructionSet, work)
  }

  /// A model file, on random inputs.
  public init(name: String, _ file: ModelFile) {
    self.init(name: name, instructionSet: InstructionSet.best.rawValue) { batch, threads in
      let session = try Session(file, threads: threads)
      let inputs = try session.randomInputs(batch: batch)
      return { try session.run(inputs)[0].floats }
    }
  }
}

/// The times of one contender at one batch size and number of threads, for one image.
public struct ContenderTiming: Codable, Hashable, Sendable {
  public let name: String
  public let batch, threads: Int
  public let isa: String
  public let bestMilliseconds, medianMilliseconds: Double

  enum CodingKeys: String, CodingKey {
    case name, batch, threads, isa
    case bestMilliseconds = "best_ms"
    case medianMilliseconds = "median_ms"
  }
}

extension [Contender] {
  /// Times all of them in turn.
  public func measure(batch: Int, threads: Int, runs: Int) throws -> [ContenderTiming] {
    let work = try map { try $0.work(batch, threads) }
    let repeats = 3
    let times = try InterleavedTiming.measure(
      rounds: (runs + repeats - 1) / repeats, repeats: repeats, work.map { run in { _ = try run() } })
    return zip(self, times).map { contender, time in
      let time = time.divided(by: batch)
      return ContenderTiming(
        name: contender.name, batch: batch, threads: threads, isa: contender.instructionSet,
        bestMilliseconds: time.best, medianMilliseconds: time.median)
    }
  }
}
