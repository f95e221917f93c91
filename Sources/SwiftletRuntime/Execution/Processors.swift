#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Processors of the machine that are online, at least 1. Where a container allows fewer, give a number of threads.
public func processorCount() -> Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
