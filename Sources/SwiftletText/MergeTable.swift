/// Which two tokens become one, and how early: a table keyed by the pair.
struct MergeTable: Sendable {
  struct Merge: Sendable {
    /// Lower ranks go first; `.max` says that the pair does not merge.
    var rank: UInt32
    var product: UInt32

    static let none = Merge(rank: .max, product: .max)
  }

  private struct Entry: Sendable {
    var pair: UInt64
    var merge: Merge
  }

  /// No pair: no vocabulary has this many tokens.
  private static let free: UInt64 = .max

  private var entries: [Entry]
  private(set) var count = 0

  init(minimumCapacity: Int) {
    var capacity = 16
    while capacity < 2 * minimumCapacity { capacity *= 2 }
    entries = Array(repeating: Entry(pair: Self.free, merge: .none), count: capacity)
  }

  func find(_ left: UInt32, _ right: UInt32) -> Merge {
    entries.withUnsafeBufferPointer { entries in
      let pair = UInt64(left) << 32 | UInt64(right)
      var slot = Self.slot(of: pair, count: entries.count)
      while entries[slot].pair != pair {
        if entries[slot].pair == Self.free { return .none }
        slot = (slot + 1) & (entries.count - 1)
      }
      return entries[slot].merge
    }
  }

  /// Adds a merge; of a pair that is there already the first stays.
  mutating func insert(_ left: UInt32, _ right: UInt32, _ merge: Merge) {
    if 2 * (count + 1) > entries.count { grow() }
    place(Entry(pair: UInt64(left) << 32 | UInt64(right), merge: merge))
  }

  private mutating func place(_ entry: Entry) {
    var slot = Self.slot(of: entry.pair, count: entries.count)
    while entries[slot].pair != Self.free {
      if entries[slot].pair == entry.pair { return }
      slot = (slot + 1) & (entries.count - 1)
    }
    entries[slot] = entry
    count += 1
  }

  private mutating func grow() {
    let old = entries
    entries = Array(repeating: Entry(pair: Self.free, merge: .none), count: 2 * old.count)
    count = 0
    for entry in old where entry.pair != Self.free { place(entry) }
  }

  private static func slot(of pair: UInt64, count: Int) -> Int {
    let mixed = (pair ^ pair >> 32) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> 32) & (count - 1)
  }
}
