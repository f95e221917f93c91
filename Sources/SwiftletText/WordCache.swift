import Synchronization

/// Words that were encoded before, with their tokens. Whoever finds it in use works with an empty one instead of
/// waiting.
final class WordCache: Sendable {
  private let words = Mutex(Words())

  func withWords(_ body: (inout Words) -> [Int]) -> [Int] {
    if let result = words.withLockIfAvailable({ body(&$0) }) { return result }
    var words = Words()
    return body(&words)
  }

  struct Words: Sendable {
    private var words = ByteTable(minimumCapacity: 512)
    private var tokens: [UInt32] = []
    private var ends: [Int] = []

    /// Longer words are rarely seen twice.
    static let longestWord = 64
    /// About 10 MB with their tokens; then it starts anew.
    private static let limit = 1 << 17

    /// Appends the tokens of a word if it is known.
    @inline(__always)
    func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [Int]) -> Bool {
      guard let index = words.find(word) else { return false }
      for position in (index == 0 ? 0 : ends[index - 1])..<ends[index] { result.append(Int(tokens[position])) }
      return true
    }

    mutating func remember(_ word: UnsafeBufferPointer<UInt8>, _ ids: [UInt32]) {
      if words.count >= Self.limit { self = Words() }
      guard words.insert(word).isNew else { return }
      tokens += ids
      ends.append(tokens.count)
    }
  }
}
