import SwiftletTerminal
import Testing

/// Oracle: by hand.
@Suite struct TextTests {
  @Test func `numbers are printed with their decimals and units`() {
    #expect(1.005.text(decimals: 1) == "1.0")
    #expect(0.05.text(decimals: 2) == "0.05")
    #expect((-2.5).text(decimals: 1) == "-2.5")
    #expect(999.96.text(decimals: 1) == "1000.0")
    #expect(Double.infinity.text(decimals: 2) == "inf")
    #expect(12.0.text(decimals: 0) == "12")
    #expect([999.byteText, 1000.byteText, 5_300_000.byteText] == ["999 B", "1.00 kB", "5.30 MB"])
    #expect(table([["a", "1"], ["long", "20"]]) == "a      1\nlong  20")
  }

  @Test func `counts have units, and control characters are spelled out`() {
    #expect([999, 1500].map(\.countText) == ["999", "1.500 k"])
    #expect("a\nb\u{1b}".spelledOut == "a\\nb\\u{1b}")
  }
}
