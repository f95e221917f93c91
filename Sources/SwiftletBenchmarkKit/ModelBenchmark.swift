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
    return zip(sessions, times).map { entry, times in
      let best = times.min() ?? 0
      return ModelBenchmark(
        model: entry.name, batch: batch, threads: entry.session.threads, isa: entry.session.instructionSet.rawValue,
        runs: runs, bestMilliseconds: best, medianMilliseconds: times.median,
        bestMillisecondsPerSample: best / Double(batch))
    }
  }
}

extension Session {
  /// Inputs of a batch size with floats in -1...1, or any integers below 256; the same for the same seed.
  public func randomInputs(batch: Int, seed: UInt64 = 1) throws(SessionError) -> [NDArray] {
    try randomInputs(at: model.graph.lengths(batch: batch), seed: seed)
  }

  /// The same at certain lengths of the axes.
  public func randomInputs(at lengths: Graph.AxisLengths, seed: UInt64 = 1) throws(SessionError) -> [NDArray] {
    // The plan refuses lengths whose values would not fit into memory, and inputs are values.
    _ = try arenaByteCount(at: lengths)
    var generator = SplitMix(state: seed)
    return model.graph.inputs.compactMap { model.graph.value(named: $0) }.map { value in
      let shape = value.shape.map { $0.length(lengths) }
      let count = shape.reduce(1, *)
      return switch value.type {
      case .uint8: NDArray(.uint8((0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }), shape: shape)
      case .int64: NDArray(.int64((0..<count).map { _ in Int64(generator.next() & 0xFF) }), shape: shape)
      case .float32, .bfloat16, .int8:
        NDArray((0..<count).map { _ in Float(generator.next() >> 40) / Float(1 << 23) - 1 }, shape: shape)
      }
    }
  }
}

/// A small generator of random numbers. Source: Steele et al., "Fast Splittable Pseudorandom Number Generators" (2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
