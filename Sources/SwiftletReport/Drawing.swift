/// Collects SVG shapes under one title.
struct Drawing {
  enum Anchor: String {
    case start, middle, end
  }

  private let width, height: Double
  private var shapes: [String] = []

  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    text(title, x: 8, y: 20, bold: true)
  }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, bold: Bool = false, turned: Bool = false,
    color: String? = nil
  ) {
    let turn = turned ? " transform=\"rotate(-90 \(x.pixel) \(y.pixel))\"" : ""
    let fill = color.map { " fill=\"\($0)\"" } ?? ""
    shapes.append(
      "<text x=\"\(x.pixel)\" y=\"\(y.pixel)\" text-anchor=\"\(anchor.rawValue)\"\(bold ? " font-weight=\"600\"" : "")\(turn)\(fill)>"
        + "\(text.escapedForHTML)</text>")
  }

  mutating func rectangle(x: Double, y: Double, width: Double, height: Double, color: String) {
    shapes.append(
      "<rect x=\"\(x.pixel)\" y=\"\(y.pixel)\" width=\"\(width.pixel)\" height=\"\(height.pixel)\" rx=\"2\" fill=\"\(color)\"/>"
    )
  }

  mutating func circle(x: Double, y: Double, radius: Double, color: String, opacity: Double = 1) {
    let veil = opacity < 1 ? " fill-opacity=\"\(opacity.pixel)\"" : ""
    shapes.append("<circle cx=\"\(x.pixel)\" cy=\"\(y.pixel)\" r=\"\(radius.pixel)\" fill=\"\(color)\"\(veil)/>")
  }

  mutating func line(from start: (Double, Double), to end: (Double, Double), color: String) {
    path([start, end], color: color, width: 1)
  }

  mutating func path(_ points: [(Double, Double)], color: String, width: Double = 2) {
    let list = points.map { "\($0.0.pixel),\($0.1.pixel)" }.joined(separator: " ")
    shapes.append("<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"\(width.pixel)\"/>")
  }

  var svg: String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width.pixel) \(height.pixel)\" width=\"\(width.pixel)\" "
      + "height=\"\(height.pixel)\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n"
      + shapes.joined(separator: "\n") + "\n</svg>"
  }
}

/// Colours that stay apart for colour-blind readers (Okabe and Ito, 2008).
enum Palette {
  static let grid = "#e3e3e3"
  private static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c"]

  static func color(_ index: Int) -> String { colors[index % colors.count] }
}
