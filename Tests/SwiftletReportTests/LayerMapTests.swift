import Foundation
import SwiftletReport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct LayerMapTests {
  static let map = LayerMap(
    title: "The plan of a & b", rows: ["blocks.0", "blocks.1"],
    columns: ["attn.qkv", "mlp.fc1", "a layer of a longer name"],
    cells: [
      [.init("1:4", shade: 0), .init("4:4", shade: 1), nil],
      [nil, .init("<2:4>", shade: 0.5), .init("nan", shade: .nan)],
    ])

  /// Oracle: the XML parser, and as many rectangles as cells.
  @Test func `each cell is a rectangle with its text`() {
    let svg = Self.map.svg
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    #expect(svg.components(separatedBy: "<rect").count - 1 == 4)
    for text in ["blocks.1", "mlp.fc1", "&lt;2:4&gt;", "1:4", "The plan of a &amp; b"] {
      #expect(svg.contains(">\(text)<"), "\(text)")
    }
  }

  @Test func `dark cells carry pale text`() {
    let svg = Self.map.svg
    #expect(svg.contains("fill=\"#deebf7\"") && svg.contains("fill=\"#084081\""))
    #expect(svg.contains("fill=\"#fff\">4:4<"))
    #expect(!svg.contains("fill=\"#fff\">1:4<"))
  }

  /// Hand: 20 characters of 6.6 pixels, and 16 around them.
  @Test func `a cell is as wide as its text needs`() {
    let text = String(repeating: "x", count: 20)
    let svg = LayerMap(title: "t", rows: ["r"], columns: ["c"], cells: [[.init(text, shade: 0)]]).svg
    #expect(svg.contains("width=\"148.00\" height=\"24.00\""))
  }
}
