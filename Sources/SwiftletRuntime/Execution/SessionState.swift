import Synchronization

/// What a graph remembers from one run to the next: the values that it declares as states, zeros at first.
///
/// A copy is a snapshot: it keeps what was remembered when it was made.
public struct SessionState: Sendable {
  private(set) var memory: Memory

  /// The memory of each state, at addresses that never change.
  final class Memory: @unchecked Sendable {
    // Safe to share: only whoever holds the one reference writes, and `SessionState` sees to that.
    let buffers: [AlignedBuffer]
    /// Tells this memory from any other that ever was, at the same address too.
    let number: UInt64
    private static let count = Atomic<UInt64>(0)

    init(byteCounts: [Int]) throws(SessionError) {
      var buffers: [AlignedBuffer] = []
      for count in byteCounts {
        let buffer = try AlignedBuffer(byteCount: count)
        buffer.address.initializeMemory(as: UInt8.self, repeating: 0, count: buffer.byteCount)
        buffers.append(buffer)
      }
      self.buffers = buffers
      number = Self.count.add(1, ordering: .relaxed).newValue
    }

    func copy() throws(SessionError) -> Memory {
      let copy = try Memory(byteCounts: buffers.map(\.byteCount))
      for (target, source) in zip(copy.buffers, buffers) {
        target.address.copyMemory(from: source.address, byteCount: source.byteCount)
      }
      return copy
    }
  }

  init(_ graph: ResolvedGraph) throws(SessionError) {
    memory = try Memory(
      byteCounts: graph.states.map { graph.value($0).byteCount([:]) })
  }

  /// Whether it has room for the states of a graph.
  func isOf(_ graph: ResolvedGraph) -> Bool {
    memory.buffers.map(\.byteCount) == graph.states.map { graph.value($0).byteCount([:]) }
  }

  /// Forgets everything: all states are zeros again.
  public mutating func reset() throws(SessionError) {
    if !isKnownUniquelyReferenced(&memory) { memory = try Memory(byteCounts: memory.buffers.map(\.byteCount)) }
    for buffer in memory.buffers {
      buffer.address.initializeMemory(as: UInt8.self, repeating: 0, count: buffer.byteCount)
    }
  }

  /// The memory, which nobody else sees.
  mutating func writable() throws(SessionError) -> Memory {
    if !isKnownUniquelyReferenced(&memory) { memory = try memory.copy() }
    return memory
  }
}
