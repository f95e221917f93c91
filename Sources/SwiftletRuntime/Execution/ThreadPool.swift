import CSwiftletKernels
import SwiftletFiles
import Synchronization

/// Threads that wait for work and split it: of a job of many tiles each thread takes the same share every time, and then
/// helps the others.
///
/// Neighbouring tiles share packed inputs, and a thread finds in its cache what it wrote itself in the step before, as
/// steps walk through the tokens in the same order. When ranges shrank towards a job's end and went to whoever came first,
/// DeiT-S took 7.4 ms an image in int8 2:4 on two cores of Zen 5, and 6.0 since (medians, in turn).
///
/// The caller takes part, so a pool of 1 has no thread of its own. Waiting threads look for work for some microseconds, as
/// the next step of a network follows at once, and then sleep, the caller too: whoever it waits for may need its processor.
/// ``Patience`` says how long. With more threads than processors nobody looks.
public final class ThreadPool: Sendable {
  /// The most threads of a pool.
  public static let limit = 1024

  /// Threads that take part, the caller included.
  public let threadCount: Int
  private let shared: Shared
  private let workers: [Worker]

  /// - Throws: `SessionError` when the count is out of range or the system gives no thread.
  public init(threads: Int) throws(SessionError) {
    guard (1...Self.limit).contains(threads) else { throw .threadCount(threads) }
    threadCount = threads
    shared = Shared(threadCount: threads)
    var workers: [Worker] = []
    for number in 1..<threads {
      do throws(SessionError) {
        workers.append(try Worker(number: number, shared: shared))
      } catch {
        shared.stop()
        for worker in workers { worker.join() }
        throw error
      }
    }
    self.workers = workers
  }

  deinit {
    shared.stop()
    for worker in workers { worker.join() }
  }

  /// Runs `body(first, count, worker)` on ranges that cover `0..<tiles` once, and returns when all are done.
  ///
  /// `worker` is in `0..<threadCount`, and no two threads have the same at one time.
  /// One caller at a time: a pool belongs to one session.
  ///
  /// - Parameter shares: where the share of each thread begins, then `tiles`; nil where all tiles cost the same.
  public func parallelFor(
    tiles: Int, shares: [Int]? = nil, _ body: @escaping @Sendable (_ first: Int, _ count: Int, _ worker: Int) -> Void
  ) {
    run(Job(tiles: tiles, shares: shares, body))
  }

  package func run(_ job: Job) {
    if let first = job.first { run(first) }
    precondition(job.tiles <= UInt32.max, "a job has at most 2^32 tiles")
    precondition(job.shares.map { $0.count == threadCount + 1 } ?? true, "a job has a share for each thread")
    if threadCount == 1 || job.tiles <= 1 {
      if job.tiles > 0 { job.body(0, job.tiles, 0) }
    } else {
      shared.run(job)
    }
  }

  /// Work made of tiles that may run in any order and at the same time.
  package final class Job: @unchecked Sendable {
    // Safe to share when the body writes a different place for each tile and each worker, which its author vouches for.
    let tiles: Int
    /// Where the share of each thread begins, then `tiles`; nil where all tiles cost the same.
    let shares: [Int]?
    let body: (_ first: Int, _ count: Int, _ worker: Int) -> Void
    /// What is done, all of it, before the first tile.
    let first: Job?

    package init(
      tiles: Int, shares: [Int]? = nil, after first: Job? = nil,
      _ body: @escaping (_ first: Int, _ count: Int, _ worker: Int) -> Void
    ) {
      self.first = first
      self.tiles = tiles
      self.shares = shares
      self.body = body
    }

    /// The first tile of a thread's share.
    func start(of thread: Int, among threads: Int) -> Int { shares?[thread] ?? tiles * thread / threads }
  }
}

/// What the caller and the workers share.
///
/// Every thread has a ticket: the job's number in the upper half and in the lower how many tiles of the thread's share
/// nobody has taken. Whoever takes tiles reads the ticket, then the job, then exchanges the ticket. If that succeeds,
/// tiles of the job were left all the while, so it was not over, and the job that was read is the one they belong to.
private final class Shared: @unchecked Sendable {
  // Safe to share: the tickets are atomic, and stay where they are until deinit.
  private let threadCount: Int
  private let tickets: UnsafeMutablePointer<Atomic<UInt64>>
  /// Tickets lie this far apart, so that no two share a cache line.
  private static let stride = 16
  /// The number of the current job, which all threads watch, on a cache line of its own.
  private let number: UnsafeMutablePointer<Atomic<UInt64>>
  /// Tiles that are not done, which all threads change, on another.
  private let unfinished: UnsafeMutablePointer<Atomic<UInt64>>
  /// The address of the current `Job`, which the caller keeps alive until all tiles are done.
  private let job = Atomic<UInt>(0)
  private let stopped = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  /// Rings for workers when there is a job, and for the caller when the last tile of one is done.
  private let bell = Bell()
  private let done = Bell()
  private let callerSleeps = Atomic<Bool>(false)
  /// Of the caller, who alone uses it.
  private var patience: Patience

  init(threadCount: Int) {
    self.threadCount = threadCount
    patience = Patience(threads: threadCount)
    let lines = threadCount + 2
    tickets = .allocate(capacity: lines * Self.stride)
    for index in 0..<lines * Self.stride { (tickets + index).initialize(to: Atomic(0)) }
    number = tickets + threadCount * Self.stride
    unfinished = tickets + (threadCount + 1) * Self.stride
  }

  deinit {
    tickets.deinitialize(count: (threadCount + 2) * Self.stride)
    tickets.deallocate()
  }

  func run(_ newJob: ThreadPool.Job) {
    let next = (number.pointee.load(ordering: .relaxed) + 1) & 0xFFFF_FFFF
    job.store(UInt(bitPattern: Unmanaged.passUnretained(newJob).toOpaque()), ordering: .relaxed)
    unfinished.pointee.store(UInt64(newJob.tiles), ordering: .relaxed)
    for thread in 0..<threadCount {
      let share = newJob.start(of: thread + 1, among: threadCount) - newJob.start(of: thread, among: threadCount)
      tickets[thread * Self.stride].store(next << 32 | UInt64(share), ordering: .releasing)
    }
    number.pointee.store(next, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { bell.ring() }
    withExtendedLifetime(newJob) {
      work(as: 0)
      func end() -> Void? { unfinished.pointee.load(ordering: .sequentiallyConsistent) == 0 ? () : nil }
      if patience.look(for: end) != nil { return }
      // A worker that the system has put aside may hold the last tiles.
      callerSleeps.store(true, ordering: .sequentiallyConsistent)
      done.wait(until: end)
      callerSleeps.store(false, ordering: .relaxed)
    }
  }

  /// Takes tiles of the current job until none is left, those of the thread's own share first.
  func work(as worker: Int) {
    for offset in 0..<threadCount {
      let owner = (worker + offset) % threadCount
      while take(from: owner, as: worker) {}
    }
  }

  /// Runs some of the tiles that are left of a share; false if there are none.
  private func take(from owner: Int, as worker: Int) -> Bool {
    let ticket = tickets + owner * Self.stride
    let seen = ticket.pointee.load(ordering: .acquiring)
    let left = Int(seen & 0xFFFF_FFFF)
    let address = job.load(ordering: .relaxed)
    guard left > 0, let pointer = UnsafeRawPointer(bitPattern: address) else { return false }
    // Of a long share an eighth stays back for threads that are done before.
    let count = owner != worker ? (left + 1) / 2 : left < 32 ? left : left - left / 8
    let (taken, _) = ticket.pointee.compareExchange(
      expected: seen, desired: seen - UInt64(count), ordering: .acquiringAndReleasing)
    guard taken else { return true }
    let job = Unmanaged<ThreadPool.Job>.fromOpaque(pointer).takeUnretainedValue()
    let end = job.start(of: owner + 1, among: threadCount)
    // The owner goes forwards, as the step before did; what is left lies at the end.
    job.body(end - left, count, worker)
    let rest = unfinished.pointee.subtract(UInt64(count), ordering: .sequentiallyConsistent).newValue
    if rest == 0, callerSleeps.load(ordering: .sequentiallyConsistent) { done.ring() }
    return true
  }

  /// The life of a worker.
  func serve(as worker: Int) {
    var lastNumber: UInt64 = 0
    var patience = Patience(threads: threadCount)
    while !stopped.load(ordering: .acquiring) {
      lastNumber = waitForJob(after: lastNumber, &patience)
      work(as: worker)
    }
  }

  private func waitForJob(after last: UInt64, _ patience: inout Patience) -> UInt64 {
    func news() -> UInt64? {
      let number = number.pointee.load(ordering: .sequentiallyConsistent)
      return number != last || stopped.load(ordering: .sequentiallyConsistent) ? number : nil
    }
    if let number = patience.look(for: news) { return number }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
    return bell.wait(until: news)
  }

  func stop() {
    stopped.store(true, ordering: .sequentiallyConsistent)
    bell.ring()
  }
}

/// How long a thread looks for news before it sleeps.
///
/// Looking is free while nobody else wants the processor, and saves the time of falling asleep and waking up. Where a
/// thread finds that it was put aside in the middle, somebody does, such as another process: then it looks for a moment
/// only, and for longer again as that goes well.
struct Patience {
  /// Most steps of a network follow within it.
  static let most = Duration.microseconds(40)
  static let least = Duration.microseconds(1)
  /// Some looks take a microsecond or two, so that whoever needs this long for them was put aside.
  static let interruption = Duration.microseconds(100)
  private static let looksBetweenTimes = 32

  /// Nil where it does not look at all: there are fewer processors than threads.
  private(set) var limit: Duration?
  private let now: () -> Duration

  /// - Parameters:
  ///   - processors: that the threads may use.
  ///   - now: the time, since any moment.
  init(
    threads: Int, processors: Int = AvailableProcessors.count,
    now: @escaping () -> Duration = { [start = ContinuousClock.now] in ContinuousClock.now - start }
  ) {
    limit = threads > processors ? nil : Self.most
    self.now = now
  }

  /// The news, or nil where it is time to sleep.
  mutating func look<News>(for news: () -> News?) -> News? {
    guard let limit else { return nil }
    if let found = news() { return found }
    let start = now()
    var last = start
    while last - start < limit {
      for _ in 0..<Self.looksBetweenTimes {
        swl_pause()
        if let found = news() {
          self.limit = min(Self.most, limit * 2)
          return found
        }
      }
      let time = now()
      if time - last > Self.interruption {
        self.limit = Self.least
        return nil
      }
      last = time
    }
    return nil
  }
}

/// A condition that sleepers wait for.
private final class Bell: @unchecked Sendable {
  // Safe to share: POSIX guards these two, and they stay where they are until deinit.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Wakes all sleepers. Nobody is about to sleep while the lock is held, and whoever wakes finds it free.
  func ring() {
    pthread_mutex_lock(mutex)
    pthread_mutex_unlock(mutex)
    pthread_cond_broadcast(condition)
  }

  /// Sleeps until a ring after which `news` has a value.
  func wait<Value>(until news: () -> Value?) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let value = news() { return value }
      pthread_cond_wait(condition, mutex)
    }
  }
}

/// One thread of a pool.
private final class Worker: @unchecked Sendable {
  // Safe to share: written once in init, read by join.
  #if canImport(Darwin)
    private var thread: pthread_t?
  #else
    private var thread = pthread_t()
  #endif

  /// What the new thread gets.
  private final class Start {
    let number: Int
    let shared: Shared
    init(number: Int, shared: Shared) { (self.number, self.shared) = (number, shared) }
  }

  init(number: Int, shared: Shared) throws(SessionError) {
    let start = Unmanaged.passRetained(Start(number: number, shared: shared))
    #if canImport(Darwin)
      let status = pthread_create(&thread, nil, { Worker.main($0) }, start.toOpaque())
    #else
      let status = pthread_create(&thread, nil, { $0.flatMap { Worker.main($0) } }, start.toOpaque())
    #endif
    guard status == 0 else {
      start.release()
      throw .missingThread(reason: String(cString: strerror(status)).lowercased())
    }
  }

  private static func main(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    start.shared.serve(as: start.number)
    return nil
  }

  func join() {
    #if canImport(Darwin)
      if let thread { pthread_join(thread, nil) }
    #else
      pthread_join(thread, nil)
    #endif
  }
}
