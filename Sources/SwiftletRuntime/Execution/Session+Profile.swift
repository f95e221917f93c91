/// How long each node of a graph takes.
public struct Profile: Hashable, Sendable, Codable {
  public struct Entry: Hashable, Sendable, Codable {
    public var name: String
    public var operation: String
    /// The kernel that a linear layer uses, such as `sparse_s8_avx512vnni`.
    public var kernel: String?
    /// The fastest of the runs and the middle one.
    public var bestMilliseconds, medianMilliseconds: Double
  }

  /// The length of every axis, such as the batch's.
  public var lengths: Graph.AxisLengths
  public var runs: Int
  public var entries: [Entry]
  /// Of a whole run, nodes only: without copying inputs in and outputs out.
  public var bestMilliseconds, medianMilliseconds: Double
}

extension Session {
  /// Times every node over several runs, after one that warms up.
  ///
  /// - Precondition: `runs` is at least 1.
  public func profile(_ inputs: [NDArray], runs: Int = 10) throws(SessionError) -> Profile {
    precondition(runs >= 1, "profile(runs: \(runs)): at least one run is needed")
    let clock = ContinuousClock()
    var nodes: [ResolvedGraph.Node] = []
    var times: [[Double]] = []
    var totals: [Double] = []
    var lengths = model.graph.oneSample
    for attempt in 0...runs {
      var position = 0
      var total = 0.0
      _ = try run(inputs) { _, execution, _, work in
        if position == 0, nodes.isEmpty {
          nodes = execution.plan.graph.nodes
          times = nodes.map { _ in [] }
        }
        let time = clock.measure(work).milliseconds
        if attempt > 0 { times[position].append(time) }
        total += time
        position += 1
        lengths = execution.lengths
      }
      if attempt > 0 { totals.append(total) }
    }
    let entries = zip(nodes, times).map { node, times in
      Profile.Entry(
        name: node.name, operation: type(of: node.operation).name,
        kernel: node.operation.parameters.first { $0.role != .table }.flatMap { kernelNames[$0.name] },
        bestMilliseconds: times.min() ?? 0, medianMilliseconds: times.median)
    }
    return Profile(
      lengths: lengths, runs: runs, entries: entries, bestMilliseconds: totals.min() ?? 0,
      medianMilliseconds: totals.median)
  }
}

extension Duration {
  public var milliseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1e3 + Double(attoseconds) * 1e-15
  }
}

extension [Double] {
  /// The middle of the sorted numbers, or the mean of the two in the middle; 0 of none.
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}
