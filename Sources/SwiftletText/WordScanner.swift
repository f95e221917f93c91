/// Cuts bytes into words as a byte-level pre-tokenizer's pattern does, by hand: each alternative of the pattern is one
/// `if`, in its order. A byte that is no UTF-8 counts as a symbol.
struct WordScanner {
  enum Pattern {
    case gpt2, smollm, llama3, qwen2
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private let pattern: Pattern
  private var position = 0
  /// Where the patterns believe that the text ends: with `smollm` the next digit.
  private var end: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ pattern: Pattern) {
    (self.bytes, self.pattern, end) = (bytes, pattern, pattern == .smollm ? 0 : bytes.count)
  }

  /// The next word, nil at the end.
  mutating func next() -> Range<Int>? {
    guard position < bytes.count else { return nil }
    let start = position
    switch pattern {
    case .gpt2: position = gpt2Word(start)
    case .smollm:
      if start == end {
        let first = look(start)
        if first.kind == .number {
          (position, end) = (first.next, first.next)
          return start..<position
        }
        end = run(start, until: .number)
      }
      position = gpt2Word(start)
    case .llama3: position = llama3Word(start, digits: 3)
    case .qwen2: position = llama3Word(start, digits: 1)
    }
    return start..<position
  }

  /// The class of the character at a position, and where the next begins.
  @inline(__always)
  private func look(_ at: Int) -> (kind: CharacterClass, next: Int) {
    let byte = bytes[at]
    if byte < 0x80 {
      let letter = byte | 0x20
      if letter >= 0x61 && letter <= 0x7a { return (.letter, at + 1) }
      if byte == 0x20 || byte >= 0x09 && byte <= 0x0d { return (.space, at + 1) }
      return (byte >= 0x30 && byte <= 0x39 ? .number : .other, at + 1)
    }
    let (value, length) = bytes.scalar(at: at)
    return (.of(value), at + length)
  }

  /// Where the characters of a class end that begin at a position.
  private func run(_ start: Int, of kind: CharacterClass) -> Int {
    var at = start
    while at < end {
      let (found, next) = look(at)
      if found != kind { break }
      at = next
    }
    return at
  }

  private func run(_ start: Int, until kind: CharacterClass) -> Int {
    var at = start
    while at < bytes.count {
      let (found, next) = look(at)
      if found == kind { break }
      at = next
    }
    return at
  }

  /// The end of `\s+(?!\S)|\s+`: spaces before a word leave it their last one.
  private func spaces(_ start: Int) -> Int {
    var (at, last) = (start, start)
    while at < end {
      let (kind, next) = look(at)
      if kind != .space { break }
      (last, at) = (at, next)
    }
    return at == end || last == start ? at : last
  }

  private func gpt2Word(_ start: Int) -> Int {
    if bytes[start] == quote, let end = contraction(start, ignoresCase: false) { return end }
    let (kind, next) = look(start)
    if kind != .space { return run(next, of: kind) }
    if bytes[start] == 0x20, next < end {
      let word = look(next)
      if word.kind != .space { return run(word.next, of: word.kind) }
    }
    return spaces(start)
  }

  private func llama3Word(_ start: Int, digits: Int) -> Int {
    if bytes[start] == quote, let end = contraction(start, ignoresCase: true) { return end }
    let (kind, next) = look(start)
    if kind == .letter { return run(next, of: .letter) }
    let isLineEnd = isLineEnd(start)
    if kind != .number, !isLineEnd, next < end {
      let following = look(next)
      if following.kind == .letter { return run(following.next, of: .letter) }
    }
    if kind == .number {
      var at = next
      for _ in 1..<digits where at < end {
        let (kind, next) = look(at)
        if kind != .number { break }
        at = next
      }
      return at
    }
    if kind == .other { return lineEnds(run(next, of: .other)) }
    if bytes[start] == 0x20, next < end {
      let following = look(next)
      if following.kind == .other { return lineEnds(run(following.next, of: .other)) }
    }
    // Spaces, of which those up to the last end of a line go together.
    var (at, lastLineEnd) = (start, start)
    while at < end {
      let (kind, next) = look(at)
      if kind != .space { break }
      if self.isLineEnd(at) { lastLineEnd = next }
      at = next
    }
    return lastLineEnd > start ? lastLineEnd : spaces(start)
  }

  @inline(__always)
  private func isLineEnd(_ at: Int) -> Bool { bytes[at] == 0x0a || bytes[at] == 0x0d }

  private func lineEnds(_ start: Int) -> Int {
    var at = start
    while at < end, isLineEnd(at) { at += 1 }
    return at
  }

  private var quote: UInt8 { UInt8(ascii: "'") }

  /// The end of `'s|'t|'re|'ve|'m|'ll|'d`. Without regard to case `ſ` is an s too.
  private func contraction(_ start: Int, ignoresCase: Bool) -> Int? {
    func letter(_ at: Int) -> UInt8 {
      guard at < end else { return 0 }
      return ignoresCase && (0x41...0x5a).contains(bytes[at]) ? bytes[at] | 0x20 : bytes[at]
    }
    switch letter(start + 1) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"): return letter(start + 2) == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"): return letter(start + 2) == UInt8(ascii: "l") ? start + 3 : nil
    case 0xc5 where ignoresCase: return letter(start + 2) == 0xbf ? start + 3 : nil
    default: return nil
    }
  }
}
