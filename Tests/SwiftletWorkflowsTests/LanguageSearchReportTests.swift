import Foundation
import SwiftletPlans
import SwiftletReport
import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

@testable import SwiftletWorkflows

@Suite struct LanguageSearchReportTests {
  /// Of two layers of 16 keys and values, 64 bytes a token each; the second layer's values have a level less.
  static func header(measure: String = "divergence", unit: String = "cacheBytes", uniform: String = "") -> String {
    let levels = """
      [{"cost":12,"keyBits":4,"rank":16},{"cost":16,"rank":8},{"cost":32}]
      """
    return """
      {"accelerator":"","budget":"kv=0.6","dense":128,"fixed":0,"format":"swiftlet.search","measure":"\(measure)",\
      "method":"knapsack","model":"Llama of width 32","seed":0,"slots":[\
      {"layer":"model.layers.0.self_attn.k_proj","levels":\(levels)},\
      {"layer":"model.layers.0.self_attn.v_proj","levels":[{"cost":16,"rank":8},{"cost":32}]},\
      {"layer":"model.layers.1.self_attn.k_proj","levels":\(levels)},\
      {"layer":"model.layers.1.self_attn.v_proj","levels":[{"cost":16,"rank":8},{"cost":32}]}],\
      "uniform":[\(uniform)],"unit":"\(unit)","version":1,"window":[70,80]}
      """
  }

  static func line(
    _ levels: [Int], _ cost: Int, divergence: String, loss: String, _ origin: String = "sensitivity"
  ) -> String {
    """
    {"agreement":0.75,"cost":\(cost),"divergence":\(divergence),"levels":\(levels),"loss":\(loss),"origin":"\(origin)",\
    "perplexity":1,"round":0,"tokens":500}
    """
  }

  static let lines = [
    line([2, 1, 2, 1], 128, divergence: "0", loss: "2"),
    line([0, 1, 2, 1], 108, divergence: "0.25", loss: "2.5"),
    line([2, 0, 2, 1], 112, divergence: "0.002", loss: "2.002"),
    line([1, 0, 1, 0], 64, divergence: "\"nan\"", loss: "\"nan\"", "random"),
    line([0, 0, 2, 0], 76, divergence: "0.5", loss: "2.75", "knapsack"),
    line([2, 0, 0, 0], 76, divergence: "0.375", loss: "2.625", "mutant"),
  ]

  private static func write(_ rows: [String], in folder: TemporaryFolder) throws -> URL {
    try folder.write(Array(rows.map { $0 + "\n" }.joined().utf8), to: "plan.trace.jsonl")
    return folder.url.appending(path: "plan.trace.jsonl")
  }

  /// Oracle: the marks that each candidate leaves, counted, and shares by hand: 16 of 32 bytes, 12 of them.
  @Test func `a search by a text is told with its divergence, its perplexity and a map of keys and values`() throws {
    let folder = try TemporaryFolder()
    let uniform = Self.line([1, 0, 1, 0], 64, divergence: "1.5", loss: "3.5", "uniform")
    let file = try Self.write([Self.header(uniform: uniform)] + Self.lines, in: folder)
    let report = try RunReport(of: [file])
    #expect(report.page.title == "1 search")
    let maps = report.page.elements.compactMap { element in
      if case .map(let map) = element { map } else { nil }
    }
    #expect(maps.map(\.title).first == "The best plan")
    #expect(maps[0].rows == ["model.layers.0", "model.layers.1"] && maps[0].columns == ["keys", "values"])
    #expect(
      maps[0].cells == [
        [.init("16b", shade: 1), .init("r8", shade: 0.5)], [.init("r16 4b", shade: 0.375), .init("r8", shade: 0.5)],
      ])
    #expect(maps.dropFirst().map(\.title) == ["KL divergence that level 1 of 3 adds in one layer alone"])
    #expect(
      maps[1].cells == [[.init("r16 4b +0.25", shade: 1), .init("r8 +0.002", shade: 0.008)], [nil, nil]])
    let charts = report.page.elements.compactMap { element in
      if case .lines(let chart) = element { chart } else { nil }
    }
    #expect(
      charts.map(\.title) == [
        "Cost and KL divergence of every candidate", "Inside the budget", "Cost and perplexity of every candidate",
        "Inside the budget", "Progress",
      ])
    #expect(charts.allSatisfy { $0.scale == .logarithmic })
    #expect(charts[0].x == "bytes a token, % of 16 bits" && charts[0].y == "KL divergence, nats a token")
    // Four have a logarithm; on the front is what nothing cheaper is as good as.
    #expect(charts[0].series.map(\.points.count) == [4, 4, 1, 1])
    #expect(charts[2].series.map(\.points.count) == [5, 5, 1, 1])
    let html = report.page.html
    for text in [
      "each judged on 500 held-out tokens", "KL divergence</th>", "<td class=\"number\">0.37500</td>", "13.805",
      "75.00 %", "of 16 bits</th>", "<td>uniform r8</td>", "Search plan.trace.jsonl: knapsack for kv=0.6",
      "76 B a token",
    ] { #expect(html.contains(text), "\(text)") }
  }

  @Test func `a trace says itself what judged its plans`() throws {
    let folder = try TemporaryFolder()
    func kind(_ rows: [String]) throws -> SomeSearchTrace { try .read(from: Self.write(rows, in: folder)) }
    let byText = Self.line([1, 0, 1, 0], 64, divergence: "1.5", loss: "3.5", "uniform")
    let byImages = """
      {"accuracy":0.5,"correct":5,"cost":64,"images":10,"levels":[1,0,1,0],"loss":1,"origin":"uniform","round":0}
      """
    // The measure alone, then scores, then what is counted.
    for (rows, isLanguage) in [
      ([Self.header()], true), ([Self.header(measure: "accuracy", unit: "bytes")], false),
      ([Self.header(measure: "loss", unit: "bytes", uniform: byText)], true),
      ([Self.header(measure: "loss", uniform: byImages)], false), ([Self.header(measure: "loss")], true),
      ([Self.header(measure: "loss", unit: "multiplyAdds")], false),
    ] {
      if case .language = try kind(rows) { #expect(isLanguage, "\(rows)") } else { #expect(!isLanguage, "\(rows)") }
    }
    func told(_ rows: [String]) -> String {
      sentence { try RunReport(of: [Self.write(rows, in: folder)]) }
    }
    #expect(told([Self.header(measure: "beauty")]).contains("judges plans neither by images nor by a text"))
    #expect(told(["{}"]).hasSuffix("its first line is not the header of a search"))
    #expect(told([]).hasSuffix("its first line is not the header of a search"))
    #expect(told([Self.header(), byImages]).hasSuffix("line 2 is no candidate"))
  }

  @Test func `a cell says of how many heads a rank is, where there is a choice`() {
    let levels = [
      LayerChoice(rank: 8, headGroup: 1, keyBits: 4), LayerChoice(rank: 16, headGroup: 2),
      LayerChoice(rank: nil, headGroup: 1, valueBits: 3), LayerChoice(),
    ]
    func texts(_ levels: [LayerChoice]) -> [String] {
      levels.map { ForecastScore.cell($0, of: levels, share: 0.5).text }
    }
    #expect(texts(levels) == ["r8 h1 4b", "r16 h2", "3b", "16b"])
    #expect(texts(Array(levels[1...])) == ["r16", "3b", "16b"])
  }
}
