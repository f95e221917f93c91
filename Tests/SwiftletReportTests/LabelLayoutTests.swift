import Testing

@testable import SwiftletReport

@Suite struct LabelLayoutTests {
  /// Oracle: rectangles of each label's width and height.
  @Test func `labels of near points cover neither each other nor leave the plot`() {
    var layout = LabelLayout(left: 64, right: 620, top: 60, bottom: 330)
    let points = [
      (600.0, 70.0), (604, 74), (610, 72), (70, 320), (72, 318), (300, 200), (303, 203), (306, 198), (300, 206),
    ]
    for (index, point) in points.enumerated() { layout.add("uniform 2:4 no \(index)", at: point) }
    let placed = layout.placed
    #expect(placed.map(\.text) == points.indices.map { "uniform 2:4 no \($0)" })
    for (index, label) in placed.enumerated() {
      let width = LabelLayout.width(of: label.text)
      #expect(label.x >= 64 && label.x + width <= 620 && label.y - 12 >= 60 && label.y <= 330, "\(label)")
      for other in placed[(index + 1)...] {
        let apart =
          label.x + width <= other.x || other.x + LabelLayout.width(of: other.text) <= label.x
          || abs(label.y - other.y) >= 12
        #expect(apart, "\(label) and \(other)")
      }
    }
  }

  @Test func `labels go round points and lines`() {
    var layout = LabelLayout(left: 0, right: 600, top: 0, bottom: 300)
    layout.add("uniform", at: (100, 100))
    layout.avoid(from: (100, 100), to: (300, 60))  // Right of the point and up.
    layout.avoid((120, 108), radius: 3)  // Right of the point and down.
    let label = layout.placed[0]
    #expect(label.x + LabelLayout.width(of: "uniform") <= 100)
  }

  @Test func `a label that fits nowhere stays inside from the left`() {
    var layout = LabelLayout(left: 0, right: 50, top: 0, bottom: 20)
    layout.add("much too long for this plot", at: (25, 10))
    #expect(layout.placed[0].x == 0)
  }
}
