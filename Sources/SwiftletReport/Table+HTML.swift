import SwiftletTerminal

extension Table {
  /// A `<table>` element with every cell escaped.
  public var html: String {
    func line(_ cells: [String], _ tag: String) -> String {
      "<tr>"
        + zip(cells, columns).map { cell, column in
          "<\(tag)\(column.alignsRight ? " class=\"number\"" : "")>\(cell.escapedForHTML)</\(tag)>"
        }.joined() + "</tr>"
    }
    return "<table>\n<thead>\(line(columns.map(\.heading), "th"))</thead>\n<tbody>\n"
      + rows.map { line($0, "td") }.joined(separator: "\n") + "\n</tbody>\n</table>"
  }
}

extension String {
  /// The text with the five characters that HTML and SVG give a meaning replaced.
  var escapedForHTML: String {
    reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
  }
}
