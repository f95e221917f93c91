import SwiftletFiles
import SwiftletRuntime

/// How fast a model runs a batch: the fastest of several runs and the middle one.
public struct ModelBenchmark: Hashable, Sendable, Codable {
  public var model: String
  public var batch: Int
  public var threads: Int
  public var isa: String
  public var runs: Int
  /// Of a whole run: input in, output out.
  public var bestMilliseconds, medianMilliseconds: Double
  /// The best time, for one sample.
  public var bestMillisecondsPerSample: Double
  /// Of the packed weights, and of the memory for the values of a batch.
  public var weightBytes, arenaBytes: Int
  /// The most that lay in memory at once until the end of the runs, of the whole process; nil where the system does not
  /// say.
  public var peakBytes: Int?

  /// Times models side by side on random input: each round runs every model once, after one round that warms up, so
  /// that what else the machine does meets all alike.
  ///
  /// - Precondition: `runs` is at least 1.
  public static func measure(
    _ sessions: [(name: String, session: Session)], batch: Int, runs: Int
  ) throws(SessionError) -> [ModelBenchmark] {
    precondition(runs >= 1, "ModelBenchmark.measure(runs: \(runs)): at least one run is needed")
    var inputs: [[NDArray]] = []
    for (_, session) in sessions { inputs.append(try session.randomInputs(batch: batch)) }
    var times: [[Double]] = sessions.map { _ in [] }
    let clock = ContinuousClock()
    for round in 0...runs {
      for (i, (_, session)) in sessions.enumerated() {
        let start = clock.now
        _ = try session.run(inputs[i])
        if round > 0 { times[i].append((clock.now - start).milliseconds) }
      }
    }
    let peakBytes = ProcessMemory.peakByteCount
    var arenas: [Int] = []
    for (_, session) in sessions { arenas.append(try session.arenaByteCount(batch: batch)) }
    return zip(zip(sessions, arenas), times).map { entry, times in
      let (entry, arenaBytes) = entry
      let timing = Timing(times)
      return ModelBenchmark(
        model: entry.name, batch: batch, threads: entry.session.threads, isa: entry.session.instructionSet.rawValue,
        runs: runs, bestMilliseconds: timing.best, medianMilliseconds: timing.median,
        bestMillisecondsPerSample: timing.best / Double(batch), weightBytes: entry.session.weightByteCount,
        arenaBytes: arenaBytes, peakBytes: peakBytes)
    }
  }
}
