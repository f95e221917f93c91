/// Unicode's normalisation form NFC: what looks alike is written alike, as composed as it can be.
///
/// Source: Unicode Standard Annex 15 and, for Hangul, chapter 3.12 of the Unicode Standard. Bytes that are no UTF-8
/// stay.
enum CanonicalComposition {
  static func composed(_ text: [UInt8]) -> [UInt8] {
    // Below U+0300, whose bytes are 0xCC 0x80, everything is composed.
    guard text.contains(where: { $0 >= 0xcc }) else { return text }
    var units = text.withUnsafeBufferPointer(decomposed)
    order(&units)
    return encoded(composed(units))
  }

  private struct Unit {
    /// A scalar, or 0x8000_0000 and a byte that is none.
    var value: UInt32
    var combiningClass: UInt8
  }

  private static let lone: UInt32 = 0x8000_0000

  private static let decompositions: [UInt32: [UInt32]] = {
    var table: [UInt32: [UInt32]] = [:]
    for rows in [pairs, excluded] {
      for row in stride(from: 0, to: rows.count, by: 3) { table[rows[row]] = [rows[row + 1], rows[row + 2]] }
    }
    for row in stride(from: 0, to: singles.count, by: 2) { table[singles[row]] = [singles[row + 1]] }
    return table
  }()

  private static let compositions: [UInt64: UInt32] = {
    var table: [UInt64: UInt32] = [:]
    for row in stride(from: 0, to: pairs.count, by: 3) {
      table[UInt64(pairs[row + 1]) << 32 | UInt64(pairs[row + 2])] = pairs[row]
    }
    return table
  }()

  // Hangul's syllables are computed: a leading consonant, a vowel, and perhaps a trailing consonant.
  private static let (syllables, leads, vowels, trails) = (
    UInt32(0xac00), UInt32(0x1100), UInt32(0x1161), UInt32(0x11a7)
  )
  private static let (syllableCount, leadCount, vowelCount, trailCount) = (
    UInt32(11172), UInt32(19), UInt32(21), UInt32(28)
  )

  private static func decomposed(_ text: UnsafeBufferPointer<UInt8>) -> [Unit] {
    var units: [Unit] = []
    units.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      let (value, length) = text.scalar(at: position)
      if let value {
        append(value, to: &units)
      } else {
        units.append(Unit(value: lone | UInt32(text[position]), combiningClass: 0))
      }
      position += length
    }
    return units
  }

  private static func append(_ value: UInt32, to units: inout [Unit]) {
    if value < 0xc0 {
      units.append(Unit(value: value, combiningClass: 0))
    } else if value >= syllables, value - syllables < syllableCount {
      let index = value - syllables
      let trail = index % trailCount
      append(leads + index / (vowelCount * trailCount), to: &units)
      append(vowels + index % (vowelCount * trailCount) / trailCount, to: &units)
      if trail > 0 { append(trails + trail, to: &units) }
    } else if let parts = decompositions[value] {
      for part in parts { append(part, to: &units) }
    } else {
      let kind = Unicode.Scalar(value)?.properties.canonicalCombiningClass.rawValue ?? 0
      units.append(Unit(value: value, combiningClass: kind))
    }
  }

  /// Sorts each stretch of combining marks by class; equals keep their order.
  private static func order(_ units: inout [Unit]) {
    var start = 0
    while start < units.count {
      guard units[start].combiningClass > 0 else {
        start += 1
        continue
      }
      let end = units[start...].firstIndex { $0.combiningClass == 0 } ?? units.count
      if end - start > 1 {
        units[start..<end] = units[start..<end].sorted { $0.combiningClass < $1.combiningClass }[...]
      }
      start = end
    }
  }

  private static func composed(_ units: [Unit]) -> [Unit] {
    var result: [Unit] = []
    result.reserveCapacity(units.count)
    var starter: Int?
    // The class of what stands between the starter and the next mark.
    var last: UInt8 = 0
    for unit in units {
      if let starter, last == 0 || last < unit.combiningClass,
        let composite = composite(result[starter].value, unit.value)
      {
        result[starter].value = composite
        continue
      }
      if unit.combiningClass == 0 { starter = result.count }
      last = unit.combiningClass
      result.append(unit)
    }
    return result
  }

  private static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if second < 0x300 || second >= lone { return nil }
    if first >= leads, first - leads < leadCount, second >= vowels, second - vowels < vowelCount {
      return syllables + ((first - leads) * vowelCount + second - vowels) * trailCount
    }
    if first >= syllables, first - syllables < syllableCount, (first - syllables) % trailCount == 0, second > trails,
      second - trails < trailCount
    {
      return first + second - trails
    }
    return compositions[UInt64(first) << 32 | UInt64(second)]
  }

  private static func encoded(_ units: [Unit]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(units.count)
    for unit in units {
      switch unit.value {
      case 0..<0x80: bytes.append(UInt8(unit.value))
      case lone...: bytes.append(UInt8(unit.value & 0xff))
      default: if let scalar = Unicode.Scalar(unit.value) { bytes.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
      }
    }
    return bytes
  }
}
