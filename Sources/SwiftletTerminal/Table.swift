/// Rows of text under named columns, printable as aligned text or Markdown; `SwiftletReport` makes HTML of it.
///
/// ```swift
/// var table = Table(columns: [.text("model"), .number("ms")])
/// table.append(["dense", "4.20"])
/// print(table.text)
/// ```
public struct Table: Sendable, Hashable {
  /// A heading and the side its cells lean to.
  public struct Column: Sendable, Hashable {
    public let heading: String
    public let alignsRight: Bool

    public static func text(_ heading: String) -> Column { Column(heading: heading, alignsRight: false) }
    public static func number(_ heading: String) -> Column { Column(heading: heading, alignsRight: true) }
  }

  public let columns: [Column]
  public private(set) var rows: [[String]] = []

  public init(columns: [Column]) {
    self.columns = columns
  }

  /// Adds one row.
  ///
  /// - Precondition: one cell for every column.
  public mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "Table has \(columns.count) columns, the row has \(row.count) cells")
    rows.append(row)
  }

  /// Aligned columns for a terminal, a rule under the headings, no trailing newline.
  public var text: String {
    let widths = columns.indices.map { column in
      ([columns[column].heading] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      zip(cells, zip(widths, columns)).map { cell, layout in
        let padding = String(repeating: " ", count: layout.0 - cell.count)
        return layout.1.alignsRight ? padding + cell : cell + padding
      }.joined(separator: "  ").trimmingTrailingSpaces
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    return ([line(columns.map(\.heading)), rule] + rows.map(line)).joined(separator: "\n")
  }

  /// A GitHub-flavoured Markdown table; `|` in a cell is escaped.
  public var markdown: String {
    func line(_ cells: [String]) -> String {
      "| "
        + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
        .joined(separator: " | ") + " |"
    }
    let rule = "|" + columns.map { $0.alignsRight ? " ---: |" : " --- |" }.joined()
    return ([line(columns.map(\.heading)), rule] + rows.map(line)).joined(separator: "\n")
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
