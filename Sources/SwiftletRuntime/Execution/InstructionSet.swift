import CSwiftletKernels
import SwiftletFiles

/// How far the kernels may go with this processor's instructions; every level includes the ones before it.
public enum InstructionSet: String, Hashable, Sendable, FileWord, CaseIterable, Comparable {
  case scalar, avx2, avx512, avx512vnni, avx512bf16

  /// The highest level that this processor and its operating system run, or `limit` where that is less.
  public static var best: InstructionSet {
    let processor = allCases.first { $0.code == swl_isa_best() } ?? .scalar
    return limit.map { min($0, processor) } ?? processor
  }

  /// How far sessions that are made in a scope go, to see on one machine what a lesser one computes:
  /// `InstructionSet.$limit.withValue(.avx2) { … }`.
  @TaskLocal public static var limit: InstructionSet?

  public static func < (a: Self, b: Self) -> Bool { a.code.rawValue < b.code.rawValue }

  var code: swl_isa {
    switch self {
    case .scalar: SWL_ISA_SCALAR
    case .avx2: SWL_ISA_AVX2
    case .avx512: SWL_ISA_AVX512
    case .avx512vnni: SWL_ISA_AVX512VNNI
    case .avx512bf16: SWL_ISA_AVX512BF16
    }
  }
}
