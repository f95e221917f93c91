import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime

/// How fast a language model reads a prompt, and goes on from it token by token.
public struct LanguageBenchmark: Hashable, Sendable, Codable {
  public var model: String
  public var threads: Int
  public var isa: String
  /// Tokens of the prompt, which each token that is written looks back on.
  public var context: Int
  /// Tokens that were written a round, and rounds.
  public var tokens, rounds: Int
  /// Of the prompt, the fastest time.
  public var promptTokensPerSecond: Double
  /// Of a token that is written: the fastest and the median round.
  public var bestMilliseconds, medianMilliseconds: Double
  public var tokensPerSecond: Double
  /// What is remembered of the prompt, and the packed weights.
  public var memoryBytes, weightBytes: Int
  /// The most that lay in memory at once until the end, of the whole process; nil where the system does not say.
  public var peakBytes: Int?

  /// Times models side by side on drawn tokens: each round every model reads the prompt, and writes so many tokens behind it.
  ///
  /// What a text says changes no time, as every token is computed alike.
  /// - Parameters:
  ///   - context: tokens of the prompt, 1 or more.
  ///   - rounds: after one that warms up; 1 or more.
  /// - Throws: `LanguageError`, such as for a context that is longer than a model reads.
  public static func measure(
    _ models: [(name: String, model: LanguageModel)], context: Int, tokens: Int, rounds: Int
  ) throws(LanguageError) -> [LanguageBenchmark] {
    precondition(tokens >= 1 && rounds >= 1, "LanguageBenchmark: \(tokens) tokens in \(rounds) rounds")
    var reading = [[Double]](repeating: [], count: models.count)
    var writing = reading
    var memory = [Int](repeating: 0, count: models.count)
    let clock = ContinuousClock()
    for round in 0...rounds {
      for (index, (_, model)) in models.enumerated() {
        var random = SplitMix64(seed: UInt64(round))
        func drawn(_ count: Int) -> [Int] {
          (0..<count).map { _ in Int.random(in: 0..<model.program.vocabulary, using: &random) }
        }
        let (prompt, next) = (drawn(context), drawn(tokens))
        var text = model.makeSequence()
        var start = clock.now
        _ = try model.scores(after: prompt, in: &text)
        let read = (clock.now - start).milliseconds
        start = clock.now
        for token in next { _ = try model.scores(after: [token], in: &text) }
        let written = (clock.now - start).milliseconds / Double(tokens)
        memory[index] = text.byteCount
        guard round > 0 else { continue }
        reading[index].append(read)
        writing[index].append(written)
      }
    }
    let peak = ProcessMemory.peakByteCount
    return models.indices.map { index in
      let (model, timing) = (models[index].model, Timing(writing[index]))
      return LanguageBenchmark(
        model: models[index].name, threads: model.threads, isa: model.instructionSet.rawValue, context: context,
        tokens: tokens, rounds: rounds, promptTokensPerSecond: 1000 * Double(context) / Timing(reading[index]).best,
        bestMilliseconds: timing.best, medianMilliseconds: timing.median, tokensPerSecond: 1000 / timing.best,
        memoryBytes: memory[index], weightBytes: model.weightByteCount, peakBytes: peak)
    }
  }
}
