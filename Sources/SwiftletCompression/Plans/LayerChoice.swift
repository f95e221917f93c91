import SwiftletFiles

/// The number format a layer's weights are stored and multiplied in.
public enum Precision: String, Hashable, Sendable, FileWord, CaseIterable {
  case fp32, bf16, int8

  public var bits: Int {
    switch self {
    case .fp32: 32
    case .bf16: 16
    case .int8: 8
    }
  }
}

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
