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

  /// Where the marks stand, from the top: 60 is the top of the plot and 330 its bottom.
  private func heights(_ values: [Double], scale: LineChart.Scale) -> [Double] {
    let points = values.map { LineChart.Point(x: 1, y: $0) }
    let svg = LineChart(title: "t", x: "x", y: "y", scale: scale, series: [.init("a", points: points, style: .points)])
      .svg
    return svg.components(separatedBy: "cy=\"").dropFirst().compactMap { Double($0.prefix { $0 != "\"" }) }
  }

  /// The labels of an axis, which stand left of it.
  private func labels(_ values: [Double], scale: LineChart.Scale) -> [String] {
    let points = values.map { LineChart.Point(x: 1, y: $0) }
    let svg = LineChart(title: "t", x: "x", y: "y", scale: scale, series: [.init("a", points: points)]).svg
    return svg.components(separatedBy: "<text x=\"56.00\"").dropFirst().compactMap { part in
      part.components(separatedBy: ">").dropFirst().first?.components(separatedBy: "<").first
    }
  }

  /// Hand: a factor of ten is a third of an axis of three decades, which is 270 pixels high.
  @Test func `on a logarithmic axis equal factors are equal heights`() {
    let found = heights([0.001, 0.01, 0.1, 1], scale: .logarithmic)
    #expect(found == [330, 240, 150, 60])
    #expect(labels([0.001, 0.01, 0.1, 1], scale: .logarithmic) == ["0.001", "0.01", "0.1", "1"])
    #expect(labels([0.03, 0.7], scale: .logarithmic) == ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
    #expect(labels([1.5e-7, 2e-3], scale: .logarithmic) == ["1e-7", "1e-6", "1e-5", "1e-4", "0.001", "0.01"])
  }

  @Test func `what has no logarithm is left out, and a narrow range is drawn by differences`() {
    #expect(heights([0, -1, .nan, 0.01, 1], scale: .logarithmic) == [330, 60])
    #expect(heights([0, -1], scale: .logarithmic) == [])
    #expect(heights([17, 18, 19], scale: .logarithmic) == heights([17, 18, 19], scale: .linear))
    #expect(heights([5], scale: .logarithmic) == heights([5], scale: .linear))
    // Ticks of many decades do not crowd.
    #expect(labels([1e-30, 1e30], scale: .logarithmic).count <= 9)
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
