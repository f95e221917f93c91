import SwiftletFiles

/// The number format a layer's weights are stored and multiplied in.
public enum Precision: String, Hashable, Sendable, FileWord, CaseIterable, CodingKeyRepresentable {
  case fp32, bf16, int8

  /// Bits of one weight.
  public var bits: Int {
    switch self {
    case .fp32: 32
    case .bf16: 16
    case .int8: 8
    }
  }
}
