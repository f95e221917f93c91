extension UnsafeBufferPointer<UInt8> {
  /// The scalar that begins at a position and the number of its bytes; a byte that begins none counts alone, with nil.
  @inline(__always)
  func scalar(at position: Int) -> (value: UInt32?, length: Int) {
    let first = self[position]
    if first < 0x80 { return (UInt32(first), 1) }
    let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    guard (0xc2...0xf4).contains(first), position + length <= count else { return (nil, 1) }
    var value = UInt32(first) & (0x7f >> UInt32(length))
    for offset in 1..<length {
      let next = self[position + offset]
      guard next & 0xc0 == 0x80 else { return (nil, 1) }
      value = value << 6 | UInt32(next & 0x3f)
    }
    // Too long for what they say, surrogates, and what lies beyond the last scalar.
    switch length {
    case 3 where value < 0x800 || (0xd800...0xdfff).contains(value): return (nil, 1)
    case 4 where value < 0x1_0000 || value > 0x10_ffff: return (nil, 1)
    default: return (value, length)
    }
  }
}

enum UTF8Ending {
  /// How many bytes at the end begin a character that the next bytes may complete.
  static func incompleteCount(of bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let first = bytes[bytes.count - length]
      if first & 0xc0 == 0x80 { continue }
      guard (0xc2...0xf4).contains(first) else { return 0 }
      let whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
      guard length < whole else { return 0 }
      guard length > 1 else { return 1 }
      let second = bytes[bytes.count - length + 1]
      let isPossible =
        switch first {
        case 0xe0: second >= 0xa0
        case 0xed: second < 0xa0
        case 0xf0: second >= 0x90
        case 0xf4: second < 0x90
        default: true
        }
      return isPossible ? length : 0
    }
    return 0
  }
}
