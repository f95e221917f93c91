/// What the attention kernel reads for windows: where their tokens stand, and what is added to their scores.
final class WindowTables {
  private let rowBuffer: AlignedBuffer
  private let biasBuffer, maskBuffer: AlignedBuffer?

  /// `[count][tokens]`: the place of each token in its map.
  let rows: UnsafePointer<UInt32>
  /// `[heads][tokens][tokens]`.
  let bias: UnsafePointer<Float>?
  /// `[count][tokens][tokens]`, nil where nothing is shifted.
  let mask: UnsafePointer<Float>?

  /// - Parameter biases: `[(2 size - 1)²][heads]`, as in ``Graph/AttentionWindows``.
  init(_ windows: Graph.AttentionWindows, biases: UnsafePointer<Float>?, heads: Int) throws(SessionError) {
    let (count, tokens) = (windows.count, windows.tokens)
    let bytes = 4 * (count * tokens + heads * tokens * tokens + (windows.shift > 0 ? count * tokens * tokens : 0))
    guard bytes <= physicalMemory() else { throw .outOfMemory(byteCount: bytes) }
    rowBuffer = try AlignedBuffer(byteCount: count * tokens * MemoryLayout<UInt32>.stride)
    let rows = rowBuffer.address.bindMemory(to: UInt32.self, capacity: count * tokens)
    for window in 0..<count {
      for token in 0..<tokens {
        let (row, column) = windows.place(ofToken: token, inWindow: window)
        rows[window * tokens + token] = UInt32(row % windows.side * windows.side + column % windows.side)
      }
    }
    self.rows = UnsafePointer(rows)

    biasBuffer = try biases.map { table throws(SessionError) in
      let buffer = try AlignedBuffer(byteCount: heads * tokens * tokens * MemoryLayout<Float>.stride)
      let bias = buffer.address.bindMemory(to: Float.self, capacity: heads * tokens * tokens)
      for pair in 0..<tokens * tokens {
        let row = windows.offsetRow(query: pair / tokens, key: pair % tokens)
        for head in 0..<heads { bias[head * tokens * tokens + pair] = table[row * heads + head] }
      }
      return buffer
    }
    bias = biasBuffer.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) }

    maskBuffer =
      try windows.shift == 0 ? nil : AlignedBuffer(byteCount: count * tokens * tokens * MemoryLayout<Float>.stride)
    mask = maskBuffer.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) }
    guard let mask = maskBuffer?.address.bindMemory(to: Float.self, capacity: count * tokens * tokens) else { return }
    for window in 0..<count {
      let sides = (0..<tokens).map { windows.crossing(ofToken: $0, inWindow: window) }
      for pair in 0..<tokens * tokens {
        mask[window * tokens * tokens + pair] = sides[pair / tokens] == sides[pair % tokens] ? 0 : -100
      }
    }
  }
}
