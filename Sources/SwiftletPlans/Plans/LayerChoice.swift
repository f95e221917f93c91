import SwiftletRuntime

/// What a plan decides for one layer.
public struct LayerChoice: Hashable, Sendable {
  public var pattern: SparsityPattern
  public var precision: Precision

  public init(pattern: SparsityPattern, precision: Precision = .fp32) {
    self.pattern = pattern
    self.precision = precision
  }

  /// Bytes of a layer with this many weights (``SparsityPattern/packedBytes(weights:valueBits:)``).
  public func packedBytes(weights: Int) -> Int {
    pattern.packedBytes(weights: weights, valueBits: precision.bits)
  }
}
