extension Double {
  /// With a fixed number of decimals.
  package func text(decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    guard isFinite, abs(self) < 1e15 else { return "\(self)" }
    let units = Int64((abs(self) * scale).rounded())
    let sign = self < 0 && units > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(units)" }
    let fraction = String(units % Int64(scale))
    return "\(sign)\(units / Int64(scale))." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}

extension Int {
  /// Bytes in the largest unit that leaves at least one.
  var byteText: String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(self) >= size {
      return "\((Double(self) / size).text(decimals: 2)) \(unit)"
    }
    return "\(self) B"
  }

  /// A count in the largest unit that leaves at least one.
  var countText: String {
    for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where Double(self) >= size {
      return "\((Double(self) / size).text(decimals: 3)) \(unit)"
    }
    return "\(self)"
  }
}

/// Rows in columns: the first to the left, the others to the right.
func table(_ rows: [[String]]) -> String {
  guard let columns = rows.map(\.count).max() else { return "" }
  let widths = (0..<columns).map { column in rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    let cells = row.enumerated().map { column, cell in
      let padding = String(repeating: " ", count: widths[column] - cell.count)
      return column == 0 ? cell + padding : padding + cell
    }
    var line = cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }.joined(separator: "\n")
}
