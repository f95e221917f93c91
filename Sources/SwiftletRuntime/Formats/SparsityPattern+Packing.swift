/// What packed weights occupy: kept values, and beside each its place in the group in `ceil(log2 M)` bits.
/// A dense pattern stores no places. Per-channel scales, biases and alignment are not weights and are not counted.
extension SparsityPattern {
  /// Bits that name a kept weight's place in its group: 2 for groups of 3 and 4, none when all weights stay.
  public var indexBits: Int {
    isDense ? 0 : Int.bitWidth - (group - 1).leadingZeroBitCount
  }

  /// The weights that stay of a row of `inputs`, a multiple of `group`.
  func keptCount(in inputs: Int) -> Int { inputs / group * kept }

  /// Bits stored per original weight, places included: 5.0 for 2:4 with 8-bit values.
  public func bitsPerWeight(valueBits: Int) -> Double {
    Double(kept * (valueBits + indexBits)) / Double(group)
  }

  /// Bytes of `weights` packed weights, rounded up to whole bytes once.
  ///
  /// - Precondition: `weights` is a multiple of `group`.
  public func packedBytes(weights: Int, valueBits: Int) -> Int {
    precondition(
      weights.isMultiple(of: group), "packedBytes: \(weights) weights are not whole groups of the pattern \(self)")
    return (weights / group * kept * (valueBits + indexBits) + 7) / 8
  }
}
