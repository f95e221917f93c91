import CSwiftletKernels
import SwiftletFiles

/// How far the kernels may go: a named set of the processor's features. Declared from narrow to wide.
public enum InstructionSet: String, Hashable, Sendable, FileWord, CaseIterable, Comparable {
  case scalar, avx2, avx512, avx512vnni, avx512bf16

  /// The widest that this processor and its operating system run, and that `limit` includes if there is one.
  public static var best: InstructionSet {
    let processor = swl_isa_of_processor()
    let features = swl_isa(processor.rawValue & (limit?.code ?? processor).rawValue)
    return allCases.last { swl_isa_has(features, $0.code) } ?? .scalar
  }

  /// How far sessions that are made in a scope go, to see on one machine what a lesser one computes:
  /// `InstructionSet.$limit.withValue(.avx2) { … }`.
  @TaskLocal public static var limit: InstructionSet?

  public static func < (a: Self, b: Self) -> Bool {
    guard let first = allCases.first(where: { $0 == a || $0 == b }) else { return false }
    return first == a && a != b
  }

  /// Its features, as the kernels' lists name them.
  package var code: swl_isa {
    switch self {
    case .scalar: SWL_ISA_SCALAR
    case .avx2: SWL_ISA_AVX2
    case .avx512: SWL_ISA_AVX512
    case .avx512vnni: SWL_ISA_AVX512VNNI
    case .avx512bf16: SWL_ISA_AVX512BF16
    }
  }
}
