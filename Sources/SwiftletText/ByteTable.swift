import SwiftletFiles

/// Byte strings, numbered in the order in which they came.
///
/// Not `[String: Int]`: as `String` two that look alike would be equal, and vocabularies hold both.
struct ByteTable: Sendable {
  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]
  /// The upper half of the hash, and the number plus 1; 0 where free. A power of two, at most half full.
  private var slots: [UInt64]
  private let seed: UInt64

  init(minimumCapacity: Int = 8) {
    var capacity = 16
    while capacity < 2 * minimumCapacity { capacity *= 2 }
    slots = Array(repeating: 0, count: capacity)
    // No result depends on it. It moves the places of words that share one by chance; words that were chosen to may
    // share one whatever it is.
    seed = UInt64.random(in: 0 ... .max)
  }

  var count: Int { starts.count - 1 }

  subscript(index: Int) -> ArraySlice<UInt8> { bytes[starts[index]..<starts[index + 1]] }

  /// The number of a byte string.
  func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? { probe(key, hash: hash(key)).index }

  func find(_ key: [UInt8]) -> Int? { key.withUnsafeBufferPointer { find($0) } }

  /// The number of a byte string, which is added if it is new.
  mutating func insert(_ key: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = hash(key)
    let (found, slot) = probe(key, hash: hash)
    if let found { return (found, false) }
    let index = count
    bytes.append(contentsOf: key)
    starts.append(bytes.count)
    slots[slot] = hash & Self.hashBits | UInt64(index + 1)
    if 2 * count > slots.count { grow() }
    return (index, true)
  }

  mutating func insert(_ key: [UInt8]) -> (index: Int, isNew: Bool) {
    key.withUnsafeBufferPointer { insert($0) }
  }

  private static let hashBits: UInt64 = 0xffff_ffff_0000_0000

  private func probe(_ key: UnsafeBufferPointer<UInt8>, hash: UInt64) -> (index: Int?, slot: Int) {
    slots.withUnsafeBufferPointer { slots in
      let mask = slots.count - 1
      var slot = Int(truncatingIfNeeded: hash >> 32) & mask
      while true {
        let entry = slots[slot]
        if entry == 0 { return (nil, slot) }
        if entry & Self.hashBits == hash & Self.hashBits {
          let index = Int(entry & 0xffff_ffff) - 1
          if isEqual(key, index) { return (index, slot) }
        }
        slot = (slot + 1) & mask
      }
    }
  }

  private func isEqual(_ key: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
    let start = starts[index]
    guard starts[index + 1] - start == key.count else { return false }
    guard let address = key.baseAddress, !key.isEmpty else { return true }
    return bytes.withUnsafeBytes { stored in
      stored.baseAddress.map { memcmp($0 + start, address, key.count) == 0 } ?? false
    }
  }

  private mutating func grow() {
    var larger = [UInt64](repeating: 0, count: 2 * slots.count)
    let mask = larger.count - 1
    bytes.withUnsafeBufferPointer { bytes in
      for index in 0..<count {
        let hash = hash(UnsafeBufferPointer(rebasing: bytes[starts[index]..<starts[index + 1]]))
        var slot = Int(truncatingIfNeeded: hash >> 32) & mask
        while larger[slot] != 0 { slot = (slot + 1) & mask }
        larger[slot] = hash & Self.hashBits | UInt64(index + 1)
      }
    }
    slots = larger
  }

  /// Eight bytes at a time; the finalizer is MurmurHash3's. Encoding takes a fifth longer with the standard library's
  /// `Hasher`, which nobody can choose words against.
  private func hash(_ key: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var state = seed ^ UInt64(key.count)
    let raw = UnsafeRawBufferPointer(key)
    var position = 0
    while position + 8 <= raw.count {
      state = (state ^ raw.little(UInt64.self, at: position)) &* 0x9e37_79b9_7f4a_7c15
      state ^= state >> 29
      position += 8
    }
    var rest: UInt64 = 0
    while position < raw.count {
      rest = rest << 8 | UInt64(raw[position])
      position += 1
    }
    state = (state ^ rest) &* 0xff51_afd7_ed55_8ccd
    state ^= state >> 33
    state = state &* 0xc4ce_b9fe_1a85_ec53
    return state ^ state >> 33
  }
}
