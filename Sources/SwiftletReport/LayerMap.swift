/// The layers of a network as a grid of coloured cells, as a self-contained SVG element: a row a block, a column a kind of
/// layer.
public struct LayerMap: Sendable, Hashable {
  /// What a cell says, and how dark it is.
  public struct Cell: Sendable, Hashable {
    public let text: String
    /// 0 is pale and 1 dark.
    public let shade: Double

    public init(_ text: String, shade: Double) {
      self.text = text
      self.shade = shade
    }
  }

  public enum Hue: Sendable, Hashable { case blue, orange }

  public let title: String
  public let rows, columns: [String]
  /// A row of cells for each of `rows`; nil where a block has no such layer.
  public let cells: [[Cell?]]
  public let hue: Hue

  /// - Precondition: a row of cells for each row, a cell for each column.
  public init(title: String, rows: [String], columns: [String], cells: [[Cell?]], hue: Hue = .blue) {
    precondition(
      cells.count == rows.count && cells.allSatisfy { $0.count == columns.count },
      "LayerMap: \(rows.count) rows and \(columns.count) columns do not fit the cells")
    (self.title, self.rows, self.columns, self.cells, self.hue) = (title, rows, columns, cells, hue)
  }

  /// The drawing, as wide and high as its cells need.
  public var svg: String {
    let texts = columns + cells.joined().compactMap { $0?.text }
    let longest = texts.map(LabelLayout.width).max() ?? 0
    let (cellWidth, cellHeight, gap) = (max(96, longest + 16), 24.0, 3.0)
    let left = 16 + (rows.map(LabelLayout.width).max() ?? 0) + 8
    let top = 54.0
    let width = max(left + Double(columns.count) * (cellWidth + gap) + 8, 16 + LabelLayout.width(of: title) * 1.1)
    let height = top + Double(rows.count) * (cellHeight + gap) + 8
    var drawing = Drawing(width: width, height: height, title: title)
    for (column, name) in columns.enumerated() {
      drawing.text(
        name, x: left + (Double(column) + 0.5) * (cellWidth + gap) - gap / 2, y: top - 10, anchor: .middle)
    }
    for (row, name) in rows.enumerated() {
      let y = top + Double(row) * (cellHeight + gap)
      drawing.text(name, x: left - 8, y: y + 16, anchor: .end)
      for (column, cell) in cells[row].enumerated() {
        guard let cell else { continue }
        let x = left + Double(column) * (cellWidth + gap)
        let shade = cell.shade.isFinite ? min(1, max(0, cell.shade)) : 1
        drawing.rectangle(x: x, y: y, width: cellWidth, height: cellHeight, color: hue.color(shade))
        drawing.text(
          cell.text, x: x + cellWidth / 2, y: y + 16, anchor: .middle, color: shade > 0.6 ? "#fff" : nil)
      }
    }
    return drawing.svg
  }
}

extension LayerMap.Hue {
  /// From nearly white to dark, `#rrggbb`.
  fileprivate func color(_ shade: Double) -> String {
    let (pale, dark): ([Double], [Double]) =
      switch self {
      case .blue: ([222, 235, 247], [8, 64, 129])
      case .orange: ([255, 243, 230], [150, 52, 4])
      }
    let digits = zip(pale, dark).map { from, to in
      let text = String(Int((from + (to - from) * shade).rounded()), radix: 16)
      return text.count == 1 ? "0" + text : text
    }
    return "#" + digits.joined()
  }
}
