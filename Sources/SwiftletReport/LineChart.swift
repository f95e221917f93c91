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

  /// How a series is drawn.
  public enum Style: Sendable, Hashable {
    /// Joined in the points' order, with dots where they are few.
    case line
    case points
    /// Small and see-through, for hundreds.
    case cloud
  }

  /// Named points in one colour.
  public struct Series: Sendable, Hashable {
    public let name: String
    public let points: [Point]
    public let style: Style

    public init(_ name: String, points: [Point], style: Style = .line) {
      self.name = name
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
      self.style = style
    }
  }

  /// How values become heights.
  public enum Scale: Sendable, Hashable {
    case linear
    /// Equal heights are equal factors, where values are a factor of ten apart. What is not above 0 has no place there.
    case logarithmic
  }

  public let title, x, y: String
  public let scale: Scale
  public let series: [Series]

  /// - Parameters:
  ///   - x: what the horizontal axis shows, with its unit.
  ///   - y: what the vertical axis shows, with its unit.
  ///   - scale: of the vertical axis.
  public init(title: String, x: String, y: String, scale: Scale = .linear, series: [Series]) {
    self.title = title
    self.x = x
    self.y = y
    self.scale = scale
    self.series = series.map { line in
      let points = line.points.filter { scale == .linear || $0.y > 0 }
      return Series(line.name, points: points, style: line.style)
    }
  }

  /// The drawing, 640 by 380 pixels. Points that are not finite or have no place on the axis are left out; labels give way to
  /// each other.
  public var svg: String {
    let (width, height, left, right, top, bottom) = (640.0, 380.0, 64.0, 620.0, 60.0, 330.0)
    let points = series.flatMap(\.points)
    let horizontal = Axis(points.map(\.x))
    let vertical = scale == .linear ? Axis(points.map(\.y)) : Axis(logarithmic: points.map(\.y))
    var drawing = Drawing(width: width, height: height, title: title)
    for tick in horizontal.ticks {
      let at = horizontal.position(tick, from: left, to: right)
      drawing.line(from: (at, top), to: (at, bottom), color: Palette.grid)
      drawing.text(tick.label, x: at, y: bottom + 16, anchor: .middle)
    }
    for tick in vertical.ticks {
      let at = vertical.position(tick, from: bottom, to: top)
      drawing.line(from: (left, at), to: (right, at), color: Palette.grid)
      drawing.text(vertical.label(tick), x: left - 8, y: at + 4, anchor: .end)
    }
    drawing.text(x, x: (left + right) / 2, y: height - 14, anchor: .middle)
    drawing.text(y, x: 16, y: (top + bottom) / 2, anchor: .middle, turned: true)

    var labels = LabelLayout(left: left, right: right, top: top, bottom: bottom)
    var legend = left
    for (index, line) in series.enumerated() {
      let color = Palette.color(index)
      let pixels = line.points.map {
        (
          horizontal.position($0.x, from: left, to: right),
          vertical.position($0.y, from: bottom, to: top)
        )
      }
      if line.style == .line {
        drawing.path(pixels, color: color)
        for (start, end) in zip(pixels, pixels.dropFirst()) { labels.avoid(from: start, to: end) }
      }
      for (pixel, point) in zip(pixels, line.points) {
        switch line.style {
        case .line where line.points.count > 40: break
        case .line: drawing.circle(x: pixel.0, y: pixel.1, radius: 2.5, color: color)
        case .points: drawing.circle(x: pixel.0, y: pixel.1, radius: 4, color: color)
        case .cloud: drawing.circle(x: pixel.0, y: pixel.1, radius: 2, color: color, opacity: 0.45)
        }
        if let label = point.label { labels.add(label, at: pixel) } else { labels.avoid(pixel, radius: 2.5) }
      }
      if series.count > 1 {
        drawing.rectangle(x: legend, y: 34, width: 10, height: 10, color: color)
        drawing.text(line.name, x: legend + 15, y: 43)
        legend += 35 + LabelLayout.width(of: line.name)
      }
    }
    for label in labels.placed {
      drawing.text(label.text, x: label.x, y: label.y)
    }
    return drawing.svg
  }
}
