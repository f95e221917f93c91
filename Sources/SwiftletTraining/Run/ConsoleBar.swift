import Foundation

/// Standard error as a place for lines and, on a terminal, one bar below them that is drawn over.
public final class ConsoleBar {
  public let isOnTerminal = isatty(STDERR_FILENO) != 0
  private var shown = 0

  public init() {}

  /// Prints a line above the bar.
  public func line(_ text: String) {
    write(erasure + text + "\n")
    shown = 0
  }

  /// Draws the bar, filled to `fraction` of its width, with text behind it; nothing where there is no terminal.
  public func draw(fraction: Double, _ text: String) {
    guard isOnTerminal else { return }
    let width = 24
    let filled = max(0, min(width, Int(Double(width) * fraction)))
    let bar =
      "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "] " + text
    let padding = String(repeating: " ", count: max(0, shown - bar.count))
    shown = bar.count
    write("\r" + bar + padding)
  }

  /// Removes the bar.
  public func clear() {
    write(erasure)
    shown = 0
  }

  /// A terminal that is gone must not stop the work.
  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  private var erasure: String { shown > 0 ? "\r" + String(repeating: " ", count: shown) + "\r" : "" }

  /// `1:02:03`, `2:03` or `0:03`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
  }
}
