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
    #expect(InstructionSet.allCases == InstructionSet.allCases.sorted())
  }

  @Test func `a limit lowers the best, never below scalar and never above the processor`() {
    let processor = InstructionSet.best
    #expect(processor.rawValue == String(cString: swl_isa_name(swl_isa_of_processor())))
    for limit in InstructionSet.allCases {
      InstructionSet.$limit.withValue(limit) { #expect(InstructionSet.best == min(limit, processor)) }
    }
  }
}
