import Foundation
import SwiftletReport
import SwiftletTerminal
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct TableTests {
  private var table: Table {
    var table = Table(columns: [.text("model"), .number("ms")])
    table.append(["dense", "10.5"])
    table.append(["2:4 <int8>", "4"])
    return table
  }

  @Test func textAlignsNumbersRightAndKeepsNoTrailingSpace() {
    #expect(
      table.text == """
        model         ms
        ──────────  ────
        dense       10.5
        2:4 <int8>     4
        """)
  }

  @Test func markdownMarksNumberColumnsAndEscapesBars() {
    var table = Table(columns: [.text("a"), .number("b")])
    table.append(["x|y", "1"])
    #expect(table.markdown == "| a | b |\n| --- | ---: |\n| x\\|y | 1 |")
  }

  @Test func htmlEscapesEveryCell() {
    #expect(table.html.contains("2:4 &lt;int8&gt;"))
    #expect(!table.html.contains("<int8>"))
  }

  @Test func aRowOfTheWrongLengthStops() async {
    await #expect(processExitsWith: .failure) {
      var table = Table(columns: [.text("a")])
      table.append(["1", "2"])
    }
  }
}

@Suite struct ChartTests {
  /// Oracle: the XML parser, and as many bars as values.
  @Test func chartsAreWellFormedXML() throws {
    let bars = BarChart(title: "a < b & c", unit: "ms", bars: [.init("x", 1), .init("<y>", 0), .init("z", .nan)])
    let lines = LineChart(
      title: "t", x: "x", y: "y",
      series: [
        .init("one", points: [.init(x: 0, y: 1, label: "a&b"), .init(x: 1, y: .infinity)]),
        .init("none", points: []),
      ])
    for svg in [bars.svg, lines.svg] {
      #expect(XMLParser(data: Data(svg.utf8)).parse())
    }
    #expect(bars.svg.components(separatedBy: "<rect").count - 1 == 3)
  }

  @Test func barLengthsAreProportionalToValues() throws {
    let svg = BarChart(title: "t", unit: "ms", bars: [.init("a", 2), .init("b", 4)]).svg
    let widths = svg.components(separatedBy: "<rect").dropFirst().compactMap { part in
      part.components(separatedBy: " width=\"").dropFirst().first?.split(separator: "\"").first.flatMap { Double($0) }
    }
    #expect(widths.count == 2)
    #expect(abs(widths[1] / widths[0] - 2) < 0.01)
  }

  @Test func aReportIsOneSelfContainedPage() throws {
    var report = Report(title: "A & B")
    report.append(.heading("Results"))
    report.append(.bars(BarChart(title: "t", unit: "ms", bars: [.init("a", 1)])))
    #expect(report.html.contains("<title>A &amp; B</title>"))
    #expect(!report.html.contains("src="))
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).html")
    defer { try? FileManager.default.removeItem(at: file) }
    try report.write(to: file)
    #expect(try String(contentsOf: file, encoding: .utf8) == report.html)
  }
}
