import SwiftletFiles
import SwiftletRuntime

/// Where a model's time goes, beside what the machine does at best.
///
/// ```swift
/// let profile = try ModelProfile(of: session, batch: 1, runs: 10, peaks: .measure(threads: session.threads))
/// for kind in profile.kinds { print(kind.operation, kind.milliseconds) }
/// ```
public struct ModelProfile: Hashable, Sendable, Codable {
  /// A node, or all nodes of a kind together.
  public struct Line: Hashable, Sendable, Codable {
    /// Of a node; nil of a kind.
    public var name: String?
    public var operation: String
    /// How many nodes.
    public var count: Int
    public var kernel: String?
    /// The best times of the nodes, added up.
    public var milliseconds: Double
    /// Of the time of all nodes, 0 to 1.
    public var shareOfTime: Double
    public var gigaOperationsPerSecond, gigabytesPerSecond: Double
    /// Of the machine's measured peaks, 1 being all. Where values come from a cache, more than memory gives is read.
    public var shareOfOperations, shareOfReading: Double
  }

  public var model: String
  public var batch: Int
  public var profile: Profile
  public var peaks: MachinePeaks
  /// The nodes that do something, in order.
  public var nodes: [Line]
  /// The kinds of operations, the longest time first.
  public var kinds: [Line]

  /// Times a session on random inputs.
  ///
  /// - Parameter runs: timed runs after one that warms up; of every node the best counts.
  /// - Precondition: `runs` is at least 1.
  public init(of session: Session, batch: Int, runs: Int, peaks: MachinePeaks) throws(SessionError) {
    let inputs = try session.randomInputs(batch: batch)
    self.init(try session.profile(inputs, runs: runs), model: session.model.graph.name, batch: batch, peaks: peaks)
  }

  init(_ profile: Profile, model: String, batch: Int, peaks: MachinePeaks) {
    (self.profile, self.model, self.batch, self.peaks) = (profile, model, batch, peaks)
    let total = profile.entries.reduce(0) { $0 + $1.bestMilliseconds }
    let working = profile.entries.filter { $0.bytes > 0 }
    nodes = working.map { entry in
      Line([entry], name: entry.name, operation: entry.operation, kernel: entry.kernel, of: total, peaks)
    }
    kinds = Dictionary(grouping: working, by: \.operation).map { operation, entries in
      Line(entries, name: nil, operation: operation, kernel: nil, of: total, peaks)
    }.sorted { ($1.milliseconds, $0.operation) < ($0.milliseconds, $1.operation) }
  }
}

extension ModelProfile.Line {
  fileprivate init(
    _ entries: [Profile.Entry], name: String?, operation: String, kernel: String?, of total: Double,
    _ peaks: MachinePeaks
  ) {
    (self.name, self.operation, self.kernel) = (name, operation, kernel)
    count = entries.count
    let time = entries.reduce(0) { $0 + $1.bestMilliseconds }
    func ratio(_ a: Double, _ b: Double) -> Double { b > 0 ? a / b : 0 }
    milliseconds = time
    shareOfTime = ratio(time, total)
    // The time that the operations would take at the peak of their precision.
    let least = entries.reduce(0) { sum, entry in
      sum
        + ratio(Double(2 * entry.multiplyAdds), peaks.gigaOperationsPerSecond[entry.precision] ?? 0) * 1e-6
    }
    gigaOperationsPerSecond = ratio(entries.reduce(0) { $0 + Double(2 * $1.multiplyAdds) } * 1e-6, time)
    gigabytesPerSecond = ratio(entries.reduce(0) { $0 + Double($1.bytes) } * 1e-6, time)
    shareOfOperations = ratio(least, time)
    shareOfReading = ratio(gigabytesPerSecond, peaks.gigabytesPerSecond)
  }
}
