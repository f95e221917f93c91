import Foundation
import Testing

@testable import SwiftletTerminal

@Suite struct ConsoleBarTests {
  private final class Screen {
    var columns = 80
    var text = ""

    func bar(showsUnicode: Bool = true) -> ConsoleBar {
      ConsoleBar(on: Terminal(canReturn: true, showsUnicode: showsUnicode) { self.columns }) { self.text += $0 }
    }

    /// What was drawn, one string each time.
    var drawn: [String] {
      text.split(separator: "\r").map { String($0).trimmingCharacters(in: CharacterSet(charactersIn: " ")) }.filter {
        !$0.isEmpty
      }
    }
  }

  private static let progress = "epoch 123/300  step 123456/1234567  loss 2.3215  12345 images/s  12:34:56 left"

  @Test func `what is drawn fits into the terminal, whatever its width becomes`() {
    let screen = Screen()
    let bar = screen.bar()
    for columns in [80, 120, 79, 40, 20, 5, 1, 0, 200] {
      screen.columns = columns
      screen.text = ""
      bar.draw(fraction: 0.5, Self.progress)
      bar.draw(fraction: 0.6, "short")
      bar.clear()
      let longest = screen.text.split(separator: "\r", omittingEmptySubsequences: true).map(\.count).max() ?? 0
      #expect(longest <= max(0, columns - 1), "\(columns) columns")
    }
    // The words come first, and the bar takes what they leave.
    screen.columns = 110
    screen.text = ""
    bar.draw(fraction: 0.5, Self.progress)
    #expect(screen.drawn.first?.hasPrefix("[██████████") == true)
    #expect(screen.drawn.first?.hasSuffix("left") == true)
  }

  @Test func `no control character but the return is used, and a plain locale gets plain characters`() {
    let screen = Screen()
    let bar = screen.bar(showsUnicode: false)
    bar.draw(fraction: 0.5, "image 1/2")
    bar.line("a line")
    bar.draw(fraction: .nan, "image 2/2")
    bar.clear()
    #expect(
      screen.text.unicodeScalars.allSatisfy { $0.isASCII && ($0.value >= 0x20 || "\r\n".unicodeScalars.contains($0)) })
    #expect(screen.drawn.first == "[############............] image 1/2")
  }

  @Test func `without a terminal that can return nothing is drawn`() {
    var text = ""
    for (isTerminal, kind, canReturn) in [
      (true, "xterm-256color", true), (true, "dumb", false), (true, "", false), (false, "xterm", false),
    ] {
      let terminal = Terminal(
        descriptor: 2, isTerminal: { _ in isTerminal }, environment: ["TERM": kind, "NO_COLOR": "1"])
      #expect(terminal.canReturn == canReturn, "\(kind)")
      guard !canReturn else { continue }
      let bar = ConsoleBar(on: terminal) { text += $0 }
      bar.draw(fraction: 0.5, "image 1/2")
      bar.clear()
      bar.line("a line")
    }
    #expect(text == "a line\na line\na line\n")
    #expect(!Terminal(descriptor: 2, isTerminal: { _ in true }, environment: ["TERM": "dumb"]).canReturn)
  }

  @Test(arguments: [
    (["LANG": "C.UTF-8"], true), (["LANG": "de_DE.utf8"], true), (["LANG": "C"], false), ([:], false),
    (["LANG": "C.UTF-8", "LC_ALL": "POSIX"], false), (["LANG": "C", "LC_CTYPE": "en_US.UTF-8", "LC_ALL": ""], true),
  ])
  func `the locale decides what a bar is made of`(environment: [String: String], showsUnicode: Bool) {
    let terminal = Terminal(descriptor: 2, isTerminal: { _ in true }, environment: environment)
    #expect(terminal.showsUnicode == showsUnicode)
  }

  @Test(arguments: [(0.4, "0:00"), (59.6, "1:00"), (3723, "1:02:03"), (Double.infinity, "?")])
  func `durations read as clocks do`(seconds: Double, text: String) {
    #expect(ConsoleBar.duration(seconds) == text)
  }
}
