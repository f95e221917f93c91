import CSwiftletFiles

/// How many processors this process may use: those of its affinity mask, and no more than a control group's quota.
///
/// The one place that runtime, libtorch, loader and search ask for their default number of threads.
public enum AvailableProcessors {
  /// At least 1. The mask and the quota that the process found at the first question; they hold for its life.
  public static let count: Int = count(affinity: swf_affinity_count(), quota: ControlGroups().quota)

  /// A share of a processor that is left over by a quota gives no thread: a thread more would only be stopped sooner.
  static func count(affinity: Int, quota: Double?) -> Int {
    max(1, min(affinity, quota.map { Int(min($0, 1e6)) } ?? affinity))
  }
}
