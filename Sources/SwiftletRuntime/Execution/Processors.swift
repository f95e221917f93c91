import SwiftletFiles

/// Processors that this process may use, at least 1: those of its affinity mask, and no more than a control group's
/// quota. At most as many as a pool has threads.
public func processorCount() -> Int { min(AvailableProcessors.count, ThreadPool.limit) }
