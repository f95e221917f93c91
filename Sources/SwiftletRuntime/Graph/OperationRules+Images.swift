/// Rules of operations on images, values `[batch, channels, height, width]`.
extension OperationRules {
  /// The number of channels.
  func imageChannels(of x: Shape) throws(Mismatch) -> Int {
    guard x.count == 4, let channels = x[1].fixedLength, !x[2].isBatch, !x[3].isBatch else {
      throw Mismatch("expected [batch, channels, height, width], found \(Self.text(x))")
    }
    return channels
  }

  /// Settings for height and width, each with the least that it can be.
  func checkPairs(_ pairs: [(what: String, pair: [Int], least: Int)]) throws(Mismatch) {
    let limit = 1 << 16
    for (what, pair, least) in pairs {
      guard pair.count == 2, pair.allSatisfy({ (least...limit).contains($0) }) else {
        throw Mismatch("the \(what) \(pair) is no height and width from \(least) to \(limit)")
      }
    }
  }

  /// How often a kernel fits along a length and its padding, of both sides together.
  func windows(
    along length: Graph.Dimension, kernel: Int, stride: Int, padding: Int, dilation: Int
  ) throws(Mismatch) -> Graph.Dimension {
    let span = dilation * (kernel - 1) + 1
    guard let room = length.adding(padding - span), let count = room.dividedRoundingDown(by: stride)?.adding(1) else {
      throw Mismatch("a stride of \(stride) along \(length) has no length that can be written")
    }
    guard count.fixedLength ?? 1 >= 1 else {
      throw Mismatch("a kernel that spans \(span) does not fit into \(length) and its padding")
    }
    return count
  }
}
