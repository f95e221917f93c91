/// One horizontal bar a label, drawn from zero, as a self-contained SVG element.
public struct BarChart: Sendable, Hashable {
  /// A labelled length.
  public struct Bar: Sendable, Hashable {
    public let label: String
    public let value: Double

    public init(_ label: String, _ value: Double) {
      self.label = label
      self.value = value
    }
  }

  public let title: String
  /// Written after the title, for example `ms an image`.
  public let unit: String
  public let bars: [Bar]

  public init(title: String, unit: String, bars: [Bar]) {
    self.title = title
    self.unit = unit
    self.bars = bars
  }

  /// The drawing, 640 pixels wide, 26 pixels a bar.
  public var svg: String {
    let (width, left, top, pitch) = (640.0, 150.0, 34.0, 26.0)
    let height = top + pitch * Double(bars.count) + 10
    let axis = Axis(bars.map(\.value), fromZero: true)
    var drawing = Drawing(width: width, height: height, title: "\(title) (\(unit))")
    for (index, bar) in bars.enumerated() {
      let y = top + pitch * Double(index)
      let end = axis.position(bar.value.isFinite ? bar.value : 0, from: left, to: width - 70)
      drawing.text(bar.label, x: left - 8, y: y + 14, anchor: .end)
      drawing.rectangle(x: left, y: y, width: max(end - left, 1), height: pitch - 8, color: Palette.color(index))
      drawing.text(bar.value.label, x: end + 6, y: y + 14)
    }
    return drawing.svg
  }
}
