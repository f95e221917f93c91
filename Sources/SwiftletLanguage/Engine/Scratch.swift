import SwiftletRuntime

/// Memory that each worker has to itself while it runs tiles. It grows between jobs.
final class Scratch: @unchecked Sendable {
  // Safe to share: it changes only between jobs, and each worker writes its own part.
  let workers: Int
  private var buffer: AlignedBuffer?
  private var byteCount = 0

  init(workers: Int) { self.workers = workers }

  /// Room for a job that is about to run.
  func reserve(_ byteCount: Int) throws(SessionError) {
    guard byteCount.aligned > self.byteCount else { return }
    buffer = nil
    buffer = try AlignedBuffer(byteCount: byteCount.aligned * workers)
    self.byteCount = byteCount.aligned
  }

  func address(ofWorker worker: Int) -> UnsafeMutableRawPointer? {
    buffer.map { $0.address + worker * byteCount }
  }
}
