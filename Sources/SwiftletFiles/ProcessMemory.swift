/// The memory that this process takes of the machine's.
public enum ProcessMemory {
  /// The most bytes that lay in memory at once since the process began, those of mapped files included; nil where the
  /// system does not say.
  public static var peakByteCount: Int? {
    let lines = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8))?.split(separator: "\n") ?? []
    // "VmHWM:     12345 kB"
    let line = lines.first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst().first
    return line.flatMap { Int($0) }.map { $0 << 10 }
  }
}
