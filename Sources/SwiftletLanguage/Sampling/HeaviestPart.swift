import SwiftletFiles

/// The heaviest tokens, as the last that is one of them; of tokens that weigh the same, those with smaller ids come first.
struct HeaviestPart {
  let least: Double
  let last: Int

  static let all = HeaviestPart(least: -.infinity, last: .max)

  struct Entry {
    let key: Double
    let token: Int

    func precedes(_ other: Entry) -> Bool { key > other.key || (key == other.key && token < other.token) }
  }

  func contains(_ key: Double, _ token: Int) -> Bool { key > least || (key == least && token <= last) }

  /// The fewest of the heaviest entries that together reach a mass; all where they do not.
  ///
  /// Quickselect: a part that is decided as a whole is never looked at again, so that the time is in proportion to the number of
  /// entries. Pivots are random, so that no order is a bad one, and the same every time.
  static func of(
    _ entries: inout [Entry], reaching target: Double, mass: (_ key: Double) -> Double
  ) -> HeaviestPart {
    var random = SplitMix64(seed: UInt64(entries.count))
    return entries.withUnsafeMutableBufferPointer { entries in
      // In front of `start` all are taken, from `end` on none.
      var (start, end, taken) = (0, entries.count, 0.0)
      var boundary = HeaviestPart.all
      while start < end {
        entries.swapAt(start + Int(random.next() % UInt64(end - start)), end - 1)
        let pivot = entries[end - 1]
        var (middle, heavier) = (start, 0.0)
        for index in start..<end - 1 where entries[index].precedes(pivot) {
          heavier += mass(entries[index].key)
          entries.swapAt(middle, index)
          middle += 1
        }
        entries.swapAt(middle, end - 1)
        if taken + heavier >= target, middle > start {
          end = middle
          continue
        }
        taken += heavier + mass(pivot.key)
        boundary = HeaviestPart(least: pivot.key, last: pivot.token)
        if taken >= target { break }
        start = middle + 1
      }
      return boundary
    }
  }
}
