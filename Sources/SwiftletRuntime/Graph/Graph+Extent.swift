extension Graph {
  /// A length that follows from the length of a named axis, such as `batch` or `frames`:
  /// `factor * ((scale * axis + shift) / divisor) + offset`, where the division rounds down.
  ///
  /// It is kept in lowest terms, so that equal functions are equal values: a convolution's output has the extent that its
  /// rule gives, whichever way the rule was reached.
  public struct Extent: Hashable, Sendable {
    public let axis: String
    /// Above 1 only where `divisor` is.
    public let factor: Int
    public let scale: Int
    /// In `0..<divisor`.
    public let shift: Int
    public let divisor: Int
    public let offset: Int

    /// - Returns: nil where a number is not positive that has to be, or passes 2^31 in lowest terms.
    public init?(
      _ axis: String, factor: Int = 1, scale: Int = 1, shift: Int = 0, divisor: Int = 1, offset: Int = 0
    ) {
      guard factor >= 1, scale >= 1, divisor >= 1 else { return nil }
      var (factor, scale, shift, divisor) = (Int128(factor), Int128(scale), Int128(shift), Int128(divisor))
      var offset = Int128(offset)
      let whole = shift.dividedRoundingDown(by: divisor)
      let (product, overflows) = factor.multipliedReportingOverflow(by: whole)
      guard !overflows else { return nil }
      offset += product
      shift -= whole * divisor
      let common = greatestCommonDivisor(scale, divisor)
      (scale, shift, divisor) = (scale / common, shift / common, divisor / common)
      if divisor == 1 { (scale, factor) = (scale * factor, 1) }
      let limit = Int128(Limit.dimension)
      guard factor * scale <= limit, divisor <= limit, offset.magnitude <= limit.magnitude else { return nil }
      self.axis = axis
      (self.factor, self.scale, self.shift) = (Int(factor), Int(scale), Int(shift))
      (self.divisor, self.offset) = (Int(divisor), Int(offset))
    }

    /// The length where the axis has a length of at most 2^24.
    public func length(axis length: Int) -> Int {
      factor * (scale * length + shift).dividedRoundingDown(by: divisor) + offset
    }

    /// How much it grows with the axis, on average: the factor where it is a plain multiple.
    var slope: Int { max(1, factor * scale / divisor) }
  }
}

extension Graph.Extent {
  /// The greatest number that divides it at every length, and what is left.
  var primitive: (factor: Int, rest: Graph.Extent) {
    let common = greatestCommonDivisor(divisor == 1 ? scale : factor, abs(offset))
    guard common > 1,
      let rest = Graph.Extent(
        axis, factor: divisor == 1 ? 1 : factor / common, scale: divisor == 1 ? scale / common : scale, shift: shift,
        divisor: divisor, offset: offset / common)
    else { return (1, self) }
    return (common, rest)
  }

  func adding(_ number: Int) -> Self? {
    let (sum, overflows) = offset.addingReportingOverflow(number)
    return overflows
      ? nil : Self(axis, factor: factor, scale: scale, shift: shift, divisor: divisor, offset: sum)
  }

  func multiplied(by number: Int) -> Self? {
    let (factor, overflows) = factor.multipliedReportingOverflow(by: number)
    let (offset, spills) = offset.multipliedReportingOverflow(by: number)
    return overflows || spills
      ? nil : Self(axis, factor: factor, scale: scale, shift: shift, divisor: divisor, offset: offset)
  }

  /// The sum or difference of two lengths that step together: a length where the axis cancels is fixed.
  func combined(with other: Self, sign: Int) -> Graph.Dimension? {
    guard axis == other.axis, divisor == other.divisor, shift == other.shift else { return nil }
    let offset = self.offset + sign * other.offset
    if divisor == 1 {
      let scale = self.scale + sign * other.scale
      return scale == 0 ? .fixed(offset) : Self(axis, scale: scale, offset: offset).map { .extent($0) }
    }
    guard scale == other.scale else { return nil }
    let factor = self.factor + sign * other.factor
    return factor == 0
      ? .fixed(offset)
      : Self(axis, factor: factor, scale: scale, shift: shift, divisor: divisor, offset: offset).map { .extent($0) }
  }

  func dividedRoundingDown(by number: Int) -> Self? {
    guard number >= 1 else { return nil }
    if factor == 1 {
      // floor((floor(u / d) + c) / n) = floor((u + c d) / (n d))
      let (product, overflows) = divisor.multipliedReportingOverflow(by: number)
      let (added, spills) = offset.multipliedReportingOverflow(by: divisor)
      return overflows || spills ? nil : Self(axis, scale: scale, shift: shift + added, divisor: product)
    }
    guard factor % number == 0 else { return nil }
    return Self(
      axis, factor: factor / number, scale: scale, shift: shift, divisor: divisor,
      offset: offset.dividedRoundingDown(by: number))
  }
}

extension Graph.Extent: CustomStringConvertible {
  /// `frames`, `frames*2`, `(frames*3+1)/2*4-1`.
  public var description: String {
    var text = scale == 1 ? axis : "\(axis)*\(scale)"
    if divisor > 1 {
      text = "(\(text)\(shift > 0 ? "+\(shift)" : ""))/\(divisor)"
      if factor > 1 { text += "*\(factor)" }
    }
    return offset == 0 ? text : "\(text)\(offset > 0 ? "+" : "-")\(abs(offset))"
  }

  /// Reads what `description` writes; nil for any other text.
  init?(_ text: String) {
    var rest = Substring(text)
    func take(_ prefix: String) -> Bool {
      guard rest.hasPrefix(prefix) else { return false }
      rest = rest.dropFirst(prefix.count)
      return true
    }
    func number() -> Int {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      return Int(digits) ?? 0
    }
    let isDivided = take("(")
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    rest = rest.dropFirst(name.count)
    var (factor, scale, shift, divisor, offset) = (1, 1, 0, 1, 0)
    if take("*") { scale = number() }
    if isDivided {
      if take("+") { shift = number() }
      guard take(")/") else { return nil }
      divisor = number()
      if take("*") { factor = number() }
    }
    if take("+") { offset = number() } else if take("-") { offset = -number() }
    guard Graph.Axis.isName(name),
      let extent = Self(
        String(name), factor: factor, scale: scale, shift: shift, divisor: divisor, offset: offset),
      extent.description == text
    else { return nil }
    self = extent
  }
}

extension FixedWidthInteger {
  func dividedRoundingDown(by divisor: Self) -> Self {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// Of two numbers that are not negative; the other one where one is 0.
private func greatestCommonDivisor<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
