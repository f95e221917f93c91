import CSwiftletKernels
import SwiftletFiles

/// How far the kernels may go with this processor's instructions; every level includes the ones before it.
public enum InstructionSet: String, Hashable, Sendable, FileWord, CaseIterable, Comparable {
  case scalar, avx2, avx512, avx512vnni, avx512bf16

  /// The highest level that this processor and its operating system run.
  public static var best: InstructionSet { allCases.first { $0.code == swl_isa_best() } ?? .scalar }

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
