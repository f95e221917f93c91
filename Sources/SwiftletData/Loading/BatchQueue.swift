import Foundation

/// Batches made ahead by worker threads and taken in order.
final class BatchQueue<Made: Sendable>: @unchecked Sendable {  // everything mutable is guarded by `condition`
  private let condition = NSCondition()
  private let make: @Sendable (Int) throws -> Made
  private let end, ahead: Int
  private var nextToMake, nextToTake: Int
  private var ready: [Int: Result<Made, any Error>] = [:]
  private var isCancelled = false

  /// Makes batches `start..<end` on `workers` threads, at most `ahead` before they are taken.
  init(start: Int, end: Int, workers: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Made) {
    (self.make, self.end, self.ahead) = (make, end, ahead)
    (nextToMake, nextToTake) = (start, start)
    for _ in 0..<min(workers, end - start) { Thread.detachNewThread { self.work() } }
  }

  private func work() {
    while let index = claim() {
      let result = Result { try make(index) }
      condition.withLock {
        ready[index] = result
        condition.broadcast()
      }
    }
  }

  private func claim() -> Int? {
    condition.withLock {
      while nextToMake < end, nextToMake - nextToTake >= ahead, !isCancelled { condition.wait() }
      guard nextToMake < end, !isCancelled else { return nil }
      nextToMake += 1
      return nextToMake - 1
    }
  }

  /// The next batch, or nil after the last one. After an error there are no more.
  func take() throws -> Made? {
    let result: Result<Made, any Error>? = condition.withLock {
      guard nextToTake < end, !isCancelled else { return nil }
      while ready[nextToTake] == nil { condition.wait() }
      let result = ready.removeValue(forKey: nextToTake)
      nextToTake += 1
      if case .failure? = result { isCancelled = true }
      condition.broadcast()
      return result
    }
    return try result?.get()
  }

  func cancel() {
    condition.withLock {
      isCancelled = true
      condition.broadcast()
    }
  }
}
