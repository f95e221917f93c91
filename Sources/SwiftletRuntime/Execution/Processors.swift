#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Processors that this process may use, at least 1.
public func processorCount() -> Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
