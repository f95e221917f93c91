/// How a tensor's elements are stored in a GGUF file. Raw values are the format's codes.
///
/// Quantised types hold blocks of consecutive elements, each with its own scale and, in some, an offset.
public enum GGUFElementType: UInt32, Hashable, Sendable, CaseIterable {
  case float32 = 0
  case float16 = 1
  case q4Symmetric = 2
  case q4Offset = 3
  case q5Symmetric = 6
  case q5Offset = 7
  case q8Symmetric = 8
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case bfloat16 = 30

  /// Elements of one block.
  public var blockSize: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q4Symmetric, .q4Offset, .q5Symmetric, .q5Offset, .q8Symmetric: 32
    case .q4K, .q5K, .q6K: 256
    }
  }

  /// Bytes of one block.
  public var blockByteCount: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q4Symmetric: 2 + 16  // a half, 32 times 4 bits
    case .q4Offset: 4 + 16
    case .q5Symmetric: 2 + 4 + 16  // the fifth bits stand apart
    case .q5Offset: 4 + 4 + 16
    case .q8Symmetric: 2 + 32
    case .q4K: 4 + 12 + 128  // eight scales and offsets of 6 bits
    case .q5K: 4 + 12 + 32 + 128
    case .q6K: 128 + 64 + 16 + 2  // sixteen scales of 8 bits
    }
  }

  /// As the format's own library names it.
  public var name: String { Self.names[rawValue] ?? "\(rawValue)" }

  /// All types that the format has, so that one that is not read can be named.
  static let names: [UInt32: String] = [
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
    12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
    29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
  ]
}
