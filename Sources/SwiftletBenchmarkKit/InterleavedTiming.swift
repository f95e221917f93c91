import SwiftletRuntime

/// The fastest and the median of several runs, in milliseconds.
public struct Timing: Codable, Hashable, Sendable {
  public let best, median: Double

  /// - Precondition: at least one time.
  public init(_ times: [Double]) {
    precondition(!times.isEmpty, "Timing: nothing was timed")
    let sorted = times.sorted()
    best = sorted[0]
    median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Times divided by a count, such as images in a batch.
  public func divided(by count: Int) -> Timing { Timing(best: best / Double(count), median: median / Double(count)) }

  private init(best: Double, median: Double) { (self.best, self.median) = (best, median) }
}

/// Times several pieces of work in turn, so that what disturbs the machine disturbs all of them alike.
public enum InterleavedTiming {
  /// Each round runs each piece once untimed, so that it finds the caches and the other side's threads as it leaves them
  /// itself, and then `repeats` times timed.
  public static func measure(rounds: Int, repeats: Int = 1, _ work: [() throws -> Void]) throws -> [Timing] {
    var times = work.map { _ in [Double]() }
    let clock = ContinuousClock()
    for _ in 0..<rounds {
      for (index, run) in work.enumerated() {
        try run()
        for _ in 0..<repeats {
          let start = clock.now
          try run()
          times[index].append((clock.now - start).milliseconds)
        }
      }
    }
    return times.map(Timing.init)
  }
}
