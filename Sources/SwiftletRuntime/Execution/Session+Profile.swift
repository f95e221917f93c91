/// How long each node of a graph takes, and what it does in that time.
public struct Profile: Hashable, Sendable, Codable {
  public struct Entry: Hashable, Sendable, Codable {
    public var name: String
    public var operation: String
    /// The kernel that a linear layer uses, such as `sparse_s8_avx512vnni`.
    public var kernel: String?
    /// What it computes in: that of its weights, or else of its first input.
    public var precision: Precision
    /// Products that are summed up, of the whole batch, with stored weights only.
    public var multiplyAdds: Int
    /// Of the packed weights, and of the values and constants that are read and written; 0 where nothing is done.
    public var bytes: Int
    /// The fastest of the runs and the middle one.
    public var bestMilliseconds, medianMilliseconds: Double

    /// Billions of operations a second, a multiplication and an addition being two, in the fastest run.
    public var gigaOperationsPerSecond: Double { rate(2 * multiplyAdds) }
    /// Billions of bytes a second in the fastest run, wherever they come from: memory or a cache.
    public var gigabytesPerSecond: Double { rate(bytes) }

    private func rate(_ count: Int) -> Double {
      bestMilliseconds > 0 ? Double(count) / bestMilliseconds * 1e-6 : 0
    }
  }

  /// The length of every axis, such as the batch's.
  public var lengths: Graph.AxisLengths
  public var threads: Int
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
    var times: [[Double]] = []
    var totals: [Double] = []
    var lengths = model.graph.oneSample
    var entries: [Profile.Entry] = []
    for attempt in 0...runs {
      var position = 0
      var total = 0.0
      _ = try run(inputs) { step, execution, graph, work in
        let time = clock.measure(work).milliseconds
        if attempt > 0 {
          times[position].append(time)
        } else {
          entries.append(entry(for: step, execution, graph))
          times.append([])
        }
        total += time
        position += 1
        lengths = execution.lengths
      }
      if attempt > 0 { totals.append(total) }
    }
    for (node, times) in times.enumerated() {
      entries[node].bestMilliseconds = times.min() ?? 0
      entries[node].medianMilliseconds = times.median
    }
    return Profile(
      lengths: lengths, threads: threads, runs: runs, entries: entries, bestMilliseconds: totals.min() ?? 0,
      medianMilliseconds: totals.median)
  }

  /// A node's entry without its times.
  private func entry(
    for step: Execution.Step, _ execution: Execution, _ graph: ResolvedGraph
  ) -> Profile.Entry {
    let node = step.node
    func length(_ shape: Graph.Shape) -> [Int] { shape.map { $0.length(execution.lengths) } }
    let parameter = node.operation.parameters.first { $0.role != .table }
    let constant = parameter.flatMap { graph.constantIndex[$0.name] }.map { graph.graph.constants[$0] }
    let packed = parameter.flatMap { weights[$0] }
    let dense = node.operation.multiplyAdds(
      inputs: node.inputs.map { length(graph.shape(of: $0)) }, output: length(graph.value(node.output).shape),
      weights: { name in graph.constantIndex[name].map { graph.graph.constants[$0].shape } ?? [] })
    let pattern = constant?.encoding.pattern ?? .dense
    var bytes = 0
    if step.job != nil {
      bytes = graph.value(node.output).byteCount(execution.lengths) + (packed?.byteCount ?? 0)
      for input in Set(node.inputs) {
        switch input {
        case .value(let index): bytes += graph.value(index).byteCount(execution.lengths)
        case .constant(let index): bytes += graph.graph.constants[index].byteCount
        }
      }
    }
    let elements = constant?.encoding.type ?? node.inputs.first.map { graph.type(of: $0) } ?? .float32
    return Profile.Entry(
      name: node.name, operation: type(of: node.operation).name, kernel: packed?.kernelName,
      precision: elements.precision, multiplyAdds: dense / pattern.group * pattern.kept, bytes: bytes,
      bestMilliseconds: 0, medianMilliseconds: 0)
  }
}

extension Graph.ElementType {
  /// What kernels compute such elements in.
  fileprivate var precision: Precision {
    switch self {
    case .float32, .float16, .uint4, .int64: .fp32
    case .bfloat16: .bf16
    case .uint8, .int8: .int8
    }
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
