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
  package var byteText: String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(self) >= size {
      return "\((Double(self) / size).text(decimals: 2)) \(unit)"
    }
    return "\(self) B"
  }

  /// A count in the largest unit that leaves at least one.
  package var countText: String {
    for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where Double(self) >= size {
      return "\((Double(self) / size).text(decimals: 3)) \(unit)"
    }
    return "\(self)"
  }
}
