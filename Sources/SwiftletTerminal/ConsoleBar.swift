import SwiftletFiles

/// Standard error as a place for lines and, on a terminal, one bar below them that is drawn over.
///
/// Whoever reads standard error may leave, and its disk may fill up: the work that is shown goes on all the same.
public final class ConsoleBar {
  public let isOnTerminal: Bool
  private let terminal: Terminal
  private let write: (String) -> Void
  private var shown = 0

  public convenience init() {
    self.init(on: Terminal(descriptor: STDERR_FILENO)) { try? StandardStream.error.write($0) }
  }

  /// - Parameter write: tests look at what is written.
  init(on terminal: Terminal, write: @escaping (String) -> Void) {
    (self.terminal, self.write) = (terminal, write)
    isOnTerminal = terminal.canReturn
  }

  /// Prints a line above the bar.
  public func line(_ text: String) {
    write(erasure + text + "\n")
    shown = 0
  }

  /// Draws the bar, filled to `fraction` of its width, with text behind it, in as many columns as the terminal has now;
  /// nothing where there is no terminal.
  public func draw(fraction: Double, _ text: String) {
    guard isOnTerminal else { return }
    // The last column stays free: some terminals go to the next line when it is filled.
    let columns = max(0, terminal.columns() - 1)
    let line = String((bar(fraction: fraction, of: columns - text.count) + text).prefix(columns))
    let padding = String(repeating: " ", count: max(0, min(shown, columns) - line.count))
    shown = line.count
    write("\r" + line + padding)
  }

  /// Removes the bar.
  public func clear() {
    write(erasure)
    shown = 0
  }

  /// A bar in at most `columns` columns, with a space behind it; nothing where it would be too small to say something.
  private func bar(fraction: Double, of columns: Int) -> String {
    let width = min(24, columns - 3)
    guard width >= 8 else { return "" }
    let filled = max(0, min(width, Int(Double(width) * (fraction.isFinite ? fraction : 0))))
    let (full, empty) = terminal.showsUnicode ? ("█", "·") : ("#", ".")
    return "[" + String(repeating: full, count: filled) + String(repeating: empty, count: width - filled) + "] "
  }

  private var erasure: String {
    let columns = min(shown, max(0, terminal.columns() - 1))
    return columns > 0 ? "\r" + String(repeating: " ", count: columns) + "\r" : ""
  }

  /// `1:02:03`, `2:03` or `0:03`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(twoDigits(rest))" : "\(minutes):\(twoDigits(rest))"
  }
}

/// What can be shown where a descriptor leads.
struct Terminal {
  /// Whether a line can be drawn over. No other control character is used, so that no kind of terminal has to be known.
  let canReturn: Bool
  let showsUnicode: Bool
  /// As they are now: a window changes its size.
  let columns: () -> Int

  init(canReturn: Bool, showsUnicode: Bool, columns: @escaping () -> Int) {
    (self.canReturn, self.showsUnicode, self.columns) = (canReturn, showsUnicode, columns)
  }

  init(
    descriptor: Int32, isTerminal: (Int32) -> Bool = { isatty($0) != 0 },
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    // A dumb terminal, such as an editor's window, keeps everything it is sent.
    let kind = environment["TERM"] ?? ""
    let canReturn = isTerminal(descriptor) && !kind.isEmpty && kind != "dumb"
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let encoding = locale.lowercased().replacing("-", with: "")
    let usual = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    self.init(canReturn: canReturn, showsUnicode: encoding.hasSuffix("utf8")) {
      var size = winsize()
      guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return usual }
      return Int(size.ws_col)
    }
  }
}
