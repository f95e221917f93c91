/// Byte pair encoding of single words.
///
/// Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016),
/// section 3.2.
struct BytePairModel: Sendable {
  /// What a word is made of before anything merges.
  enum Units: Sendable {
    case bytes
    /// Characters; one that has no token falls to those of its bytes.
    case characters
  }

  let units: Units
  let merges: MergeTable
  /// The token of each byte, where there is one; of characters the `<0x0A>` that stand in for what has no token.
  let byteTokens: [UInt32?]
  /// What stands for a character without a token.
  let unknown: UInt32?
  /// Whether neighbouring unknown characters are one token.
  let fusesUnknown: Bool
  /// Whether a word that is a token is that token, whatever the merges say.
  let takesWholeWords: Bool

  /// Memory that words are merged in, one after another.
  struct Scratch {
    fileprivate(set) var ids: [UInt32] = []
    fileprivate var next: [Int] = []
    fileprivate var previous: [Int] = []
    fileprivate var merge: [MergeTable.Merge] = []
    /// Pairs that wait: the rank above, the position of the left one below.
    fileprivate var queue = MinimumHeap<UInt64>()
  }

  /// Appends the tokens of a word.
  func encode(
    _ word: UnsafeBufferPointer<UInt8>, vocabulary: Vocabulary, into result: inout [UInt32], scratch: inout Scratch
  ) {
    if takesWholeWords, let id = vocabulary.id(of: word) {
      result.append(id)
      return
    }
    scratch.ids.removeAll(keepingCapacity: true)
    switch units {
    case .bytes:
      for byte in word {
        if let id = byteTokens[Int(byte)] ?? unknown { scratch.ids.append(id) }
      }
    case .characters: appendCharacters(of: word, vocabulary, to: &scratch.ids)
    }
    mergeAll(&scratch, into: &result)
  }

  private func appendCharacters(
    of word: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary, to ids: inout [UInt32]
  ) {
    var position = 0
    var isAfterUnknown = false
    while position < word.count {
      let length = word.scalar(at: position).length
      let character = UnsafeBufferPointer(rebasing: word[position..<position + length])
      position += length
      if let id = vocabulary.id(of: character) {
        ids.append(id)
        isAfterUnknown = false
      } else if character.allSatisfy({ byteTokens[Int($0)] != nil }) {
        for byte in character { byteTokens[Int(byte)].map { ids.append($0) } }
        isAfterUnknown = false
      } else if let unknown {
        if !isAfterUnknown || !fusesUnknown { ids.append(unknown) }
        isAfterUnknown = true
      }
    }
  }

  /// Merges the lowest rank first, of equal ones the leftmost, in n log n.
  private func mergeAll(_ scratch: inout Scratch, into result: inout [UInt32]) {
    let count = scratch.ids.count
    guard count > 1 else {
      result += scratch.ids
      return
    }
    scratch.next.removeAll(keepingCapacity: true)
    scratch.previous.removeAll(keepingCapacity: true)
    scratch.merge.removeAll(keepingCapacity: true)
    for position in 0..<count {
      scratch.next.append(position + 1)
      scratch.previous.append(position - 1)
      scratch.merge.append(.none)
    }
    for position in 0..<count - 1 { consider(position, &scratch) }
    while let first = scratch.queue.popFirst() {
      let left = Int(first & 0xffff_ffff)
      // The pair may have changed since it was queued.
      guard UInt64(scratch.merge[left].rank) == first >> 32 else { continue }
      let right = scratch.next[left]
      scratch.ids[left] = scratch.merge[left].product
      scratch.merge[left] = .none
      scratch.merge[right] = .none
      scratch.next[left] = scratch.next[right]
      if scratch.next[right] < count { scratch.previous[scratch.next[right]] = left }
      consider(left, &scratch)
      if scratch.previous[left] >= 0 { consider(scratch.previous[left], &scratch) }
    }
    var position = 0
    while position < count {
      result.append(scratch.ids[position])
      position = scratch.next[position]
    }
  }

  /// Looks up the pair that begins at a position.
  @inline(__always)
  private func consider(_ left: Int, _ scratch: inout Scratch) {
    let right = scratch.next[left]
    guard right < scratch.ids.count else {
      scratch.merge[left] = .none
      return
    }
    let merge = merges.find(scratch.ids[left], scratch.ids[right])
    scratch.merge[left] = merge
    if merge.rank != .max { scratch.queue.insert(UInt64(merge.rank) << 32 | UInt64(left)) }
  }
}
