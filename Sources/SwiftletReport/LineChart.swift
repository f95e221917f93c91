/// Points over two axes, joined or free, one colour a series, as a self-contained SVG element.
public struct LineChart: Sendable, Hashable {
  /// A point and, where it has one, the label written beside it.
  public struct Point: Sendable, Hashable {
    public let x, y: Double
    public let label: String?

    public init(x: Double, y: Double, label: String? = nil) {
      self.x = x
      self.y = y
      self.label = label
    }
  }

  /// Named points in one colour.
  public struct Series: Sendable, Hashable {
    public let name: String
    public let points: [Point]
    /// Whether a line joins the points in their order.
    public let joined: Bool

    public init(_ name: String, points: [Point], joined: Bool = true) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
      self.joined = joined
    }
  }

  public let title, x, y: String
  public let series: [Series]

  /// - Parameters:
  ///   - x: what the horizontal axis shows, with its unit.
  ///   - y: what the vertical axis shows, with its unit.
  public init(title: String, x: String, y: String, series: [Series]) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
  }

  /// The drawing, 640 by 360 pixels. Points that are not finite are left out.
  public var svg: String {
    let (width, height, left, right, top, bottom) = (640.0, 360.0, 64.0, 620.0, 40.0, 310.0)
    let points = series.flatMap(\.points)
    let horizontal = Axis(points.map(\.x))
    let vertical = Axis(points.map(\.y))
    var drawing = Drawing(width: width, height: height, title: title)
    for tick in horizontal.ticks {
      let at = horizontal.position(tick, from: left, to: right)
      drawing.line(from: (at, top), to: (at, bottom), color: Palette.grid)
      drawing.text(tick.label, x: at, y: bottom + 16, anchor: .middle)
    }
    for tick in vertical.ticks {
      let at = vertical.position(tick, from: bottom, to: top)
      drawing.line(from: (left, at), to: (right, at), color: Palette.grid)
      drawing.text(tick.label, x: left - 8, y: at + 4, anchor: .end)
    }
    drawing.text(x, x: (left + right) / 2, y: height - 14, anchor: .middle)
    drawing.text(y, x: 16, y: (top + bottom) / 2, anchor: .middle, turned: true)
    for (index, line) in series.enumerated() {
      let color = Palette.color(index)
      let pixels = line.points.map {
        (
          horizontal.position($0.x, from: left, to: right),
          vertical.position($0.y, from: bottom, to: top)
        )
      }
      if line.joined { drawing.path(pixels, color: color) }
      for (pixel, point) in zip(pixels, line.points) where !line.joined || line.points.count <= 40 {
        drawing.circle(x: pixel.0, y: pixel.1, radius: line.joined ? 2.5 : 4, color: color)
        if let label = point.label { drawing.text(label, x: pixel.0 + 6, y: pixel.1 - 6) }
      }
      if series.count > 1 {
        drawing.rectangle(x: right - 130, y: top + 6 + 16 * Double(index), width: 10, height: 10, color: color)
        drawing.text(line.name, x: right - 114, y: top + 15 + 16 * Double(index))
      }
    }
    return drawing.svg
  }
}
