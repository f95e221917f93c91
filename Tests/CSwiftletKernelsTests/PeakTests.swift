import CSwiftletKernels
import TestSupport
import Testing

@Suite struct PeakTests {
  static var all: [swl_peak] {
    var count = 0
    let rows = swl_peaks(&count)
    return (0..<count).compactMap { rows?[$0]?.pointee }
  }

  /// Every round adds the same products, so that a second one doubles the sums, which are small whole numbers or none.
  @Test func `every loop multiplies and adds in each round`() throws {
    let processor = swl_isa_of_processor()
    for peak in Self.all where swl_isa_has(processor, peak.needs) {
      let name = String(cString: peak.name)
      let run = try #require(peak.run)
      #expect(run(0) == 0, "\(name)")
      #expect(run(1) != 0 && run(1) != run(2), "\(name)")
      if peak.type == SWL_S8 { #expect(run(2) == run(1) &* 2, "\(name)") }
      #expect(peak.multiply_adds > 0, "\(name)")
    }
  }

  @Test func `every type of weights has a loop on every set of instructions`() {
    var count = 0
    guard let sets = swl_named_isas(&count) else { return }
    for set in UnsafeBufferPointer(start: sets, count: count) {
      for type in [SWL_F32, SWL_BF16, SWL_S8] {
        let peak = swl_peak_for(type, set.isa)
        #expect(peak.map { swl_isa_has(set.isa, $0.pointee.needs) } == true, "\(String(cString: set.name))")
      }
    }
  }

  @Test func `reading adds up the words of whole blocks`() {
    let words = (0..<37).map { UInt64($0) << 33 }
    for count in [0, 8, 16, 32] {
      words.withUnsafeBytes { #expect(swl_read_memory($0.baseAddress, 8 * count + 63) == words[..<count].reduce(0, +)) }
    }
  }
}
