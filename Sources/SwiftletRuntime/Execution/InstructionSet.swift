import CSwiftletKernels
import SwiftletFiles

/// How far the kernels may go: a named set of the processor's features. The sets of a processor family are declared from
/// narrow to wide, and a set of another family is none that `best` includes.
public enum InstructionSet: String, Hashable, Sendable, FileWord, CaseIterable {
  case scalar
  case neon, neondot, neoni8mm, neonbf16  // 64-bit Arm
  case avx2, avx512, avx512vnni, avx512bf16

  /// The widest that this processor and its operating system run, and that `limit` includes if there is one.
  public static var best: InstructionSet {
    let processor = swl_isa_of_processor()
    let features = swl_isa(processor.rawValue & (limit?.code ?? processor).rawValue)
    return allCases.last { swl_isa_has(features, $0.code) } ?? .scalar
  }

  /// All that sessions may be made for: what `best` includes, the widest first.
  public static var available: [InstructionSet] { allCases.reversed().filter { best.includes($0) } }

  /// How far sessions that are made in a scope go, to see on one machine what a lesser one computes:
  /// `InstructionSet.$limit.withValue(.avx2) { … }`.
  @TaskLocal public static var limit: InstructionSet?

  /// Whether it has all features of another set.
  public func includes(_ other: InstructionSet) -> Bool { swl_isa_has(code, other.code) }

  /// Its features, as the kernels' lists name them.
  package var code: swl_isa {
    switch self {
    case .scalar: SWL_ISA_SCALAR
    case .neon: SWL_ISA_NEON
    case .neondot: SWL_ISA_NEONDOT
    case .neoni8mm: SWL_ISA_NEONI8MM
    case .neonbf16: SWL_ISA_NEONBF16
    case .avx2: SWL_ISA_AVX2
    case .avx512: SWL_ISA_AVX512
    case .avx512vnni: SWL_ISA_AVX512VNNI
    case .avx512bf16: SWL_ISA_AVX512BF16
    }
  }
}
