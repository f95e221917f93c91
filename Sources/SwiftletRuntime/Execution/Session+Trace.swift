/// A stretch of time in which a thread worked at a node.
public struct TraceSpan: Hashable, Sendable, Codable {
  /// The node's name, its operation, and the kernel of its weights.
  public var node, operation: String
  public var kernel: String?
  /// The thread's number; 0 is the caller.
  public var thread: Int
  /// Tiles of the node's work.
  public var tiles: Int
  /// Since the first node's start, and how long it took.
  public var startMicroseconds, microseconds: Double
}

extension Session {
  /// When which thread worked at which node in one run, after `warmUps` that are not recorded.
  ///
  /// - Returns: by thread, each in the order of time.
  public func trace(_ inputs: [NDArray], warmUps: Int = 2) throws(SessionError) -> [TraceSpan] {
    for _ in 0..<warmUps { _ = try run(inputs) }
    let recorder = TraceRecorder(threads: threads)
    _ = try run(inputs) { _, _, _, work in
      work()
    } wrapping: { step, job in
      let operation = step.node.operation
      let span = TraceSpan(
        node: step.node.name, operation: type(of: operation).name,
        kernel: operation.parameters.first { $0.role != .table }.flatMap { kernelNames[$0.name] }, thread: 0, tiles: 0,
        startMicroseconds: 0, microseconds: 0)
      return recorder.recording(job, as: span)
    }
    return recorder.spans
  }
}

/// A list for each thread, which it alone adds to.
private final class TraceRecorder: @unchecked Sendable {
  // Safe to share: no two threads have the same number at a time, and the lists are read when all work is done.
  private let lists: UnsafeMutableBufferPointer<[TraceSpan]>
  private let start = ContinuousClock.now

  init(threads: Int) {
    lists = .allocate(capacity: threads)
    lists.initialize(repeating: [])
  }

  deinit {
    lists.deinitialize()
    lists.deallocate()
  }

  /// The same work, which adds a span for each stretch of tiles that a thread takes.
  func recording(_ job: ThreadPool.Job, as span: TraceSpan) -> ThreadPool.Job {
    let body = job.body
    return ThreadPool.Job(
      tiles: job.tiles, shares: job.shares, after: job.first.map { recording($0, as: span) }
    ) { [self] first, count, worker in
      let begin = ContinuousClock.now
      body(first, count, worker)
      let end = ContinuousClock.now
      var span = span
      (span.thread, span.tiles) = (worker, count)
      span.startMicroseconds = (begin - start).milliseconds * 1e3
      span.microseconds = (end - begin).milliseconds * 1e3
      lists[worker].append(span)
    }
  }

  var spans: [TraceSpan] { lists.flatMap { $0 } }
}
