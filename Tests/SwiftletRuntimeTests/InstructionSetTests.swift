import CSwiftletKernels
import Testing

@testable import SwiftletRuntime

@Suite struct InstructionSetTests {
  /// Oracle: the kernels' own list.
  @Test func `names and features are those of the kernels`() {
    var count = 0
    let sets = UnsafeBufferPointer(start: swl_named_isas(&count), count: count).reversed()
    #expect(InstructionSet.allCases.map(\.rawValue) == sets.map { String(cString: $0.name) })
    #expect(InstructionSet.allCases.map(\.code.rawValue) == sets.map(\.isa.rawValue))
  }

  @Test func `a limit lowers the best, never below scalar and never above the processor`() {
    let processor = InstructionSet.best
    #expect(processor.rawValue == String(cString: swl_isa_name(swl_isa_of_processor())))
    for limit in InstructionSet.allCases {
      InstructionSet.$limit.withValue(limit) {
        let best = InstructionSet.best
        if processor.includes(limit) {
          #expect(best == limit)
        } else if limit.includes(processor) {
          #expect(best == processor)
        } else {
          #expect(best == .scalar)  // of another family
        }
        #expect(InstructionSet.available.first == best && InstructionSet.available.last == .scalar)
      }
    }
  }

  @Test func `sets of one family include each other in order, and no set of the other`() {
    let families: [[InstructionSet]] = [
      [.scalar, .neon, .neondot, .neoni8mm, .neonbf16], [.scalar, .avx2, .avx512, .avx512vnni, .avx512bf16],
    ]
    #expect(Set(families.joined()) == Set(InstructionSet.allCases))
    for (one, other) in [(families[0], families[1]), (families[1], families[0])] {
      for (index, set) in one.enumerated() {
        #expect(one.filter(set.includes) == Array(one[...index]))
        #expect(other.filter(set.includes) == [.scalar])
      }
    }
  }

  /// A session that runs another set than it says would make every figure beside it wrong.
  @Test func `sessions for sets of other processors are refused`() throws {
    let file = try ModelBuilder.visionTransformer().file()
    for set in InstructionSet.allCases where !InstructionSet.best.includes(set) {
      #expect(throws: SessionError.instructionSet(set, best: .best)) { try Session(file, instructionSet: set) }
    }
  }
}
