import Foundation
import Testing

@testable import SwiftletRuntime

@Suite struct SparsityPatternTests {
  @Test func `every pattern up to 64 reads back from its description`() throws {
    for group in 1...64 {
      for kept in 1...group {
        let pattern = SparsityPattern(keeping: kept, of: group)
        #expect(try SparsityPattern(parsing: pattern.description) == pattern)
        #expect(pattern.isDense == (kept == group))
      }
    }
  }

  @Test(arguments: [
    ("5:4", SparsityPatternError.keepsMoreThanItHas(kept: 5, group: 4)),
    ("0:4", .empty(kept: 0, group: 4)),
    ("0:0", .empty(kept: 0, group: 0)),
    ("2:65", .groupTooLarge(kept: 2, group: 65)),
    ("99999999999999999999:4", .notAPattern("99999999999999999999:4")),
    ("-1:4", .notAPattern("-1:4")), ("+2:4", .notAPattern("+2:4")), (" 2:4", .notAPattern(" 2:4")),
    ("2", .notAPattern("2")), ("2:", .notAPattern("2:")), (":", .notAPattern(":")), ("", .notAPattern("")),
    ("2:4:8", .notAPattern("2:4:8")), ("two:four", .notAPattern("two:four")), ("٢:٤", .notAPattern("٢:٤")),
  ])
  func `nonsense is refused with its reason`(text: String, expected: SparsityPatternError) {
    #expect(throws: expected) { try SparsityPattern(parsing: text) }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(SparsityPattern.self, from: Data("\"\(text)\"".utf8))
    }
  }

  @Test func `messages say what and what to do`() {
    #expect(
      SparsityPatternError.keepsMoreThanItHas(kept: 5, group: 4).description
        == "pattern 5:4 keeps more than it has: N:M needs N <= M, such as 2:4")
    #expect(
      SparsityPatternError.notAPattern("half").description
        == "“half” is no sparsity pattern: write N:M, such as 2:4 to keep 2 of every 4 weights")
  }

  @Test func `a nonsense literal stops the program`() async {
    await #expect(processExitsWith: .failure) { _ = SparsityPattern(keeping: 5, of: 4) }
  }

  @Test func `JSON is the text N:M`() throws {
    let patterns = [SparsityPattern(keeping: 2, of: 4), .dense]
    #expect(String(decoding: try JSONEncoder().encode(patterns), as: UTF8.self) == #"["2:4","1:1"]"#)
  }

  /// Oracle: the published memory table (bits per weight for fp16, int8, int4).
  @Test(arguments: [
    ("2:4", 9.0, 5.0, 3.0), ("1:4", 4.5, 2.5, 1.5), ("4:8", 9.5, 5.5, 3.5), ("2:8", 4.75, 2.75, 1.75),
    ("1:8", 2.375, 1.375, 0.875), ("8:16", 10.0, 6.0, 4.0), ("4:4", 16.0, 8.0, 4.0),
  ])
  func `bits per weight equal the table`(text: String, fp16: Double, int8: Double, int4: Double) throws {
    let pattern = try SparsityPattern(parsing: text)
    #expect(pattern.bitsPerWeight(valueBits: 16) == fp16)
    #expect(pattern.bitsPerWeight(valueBits: 8) == int8)
    #expect(pattern.bitsPerWeight(valueBits: 4) == int4)
  }

  /// Oracle: counting the doublings until the group fits, rather than leading zeros.
  @Test func `index bits are the ceiling of the binary logarithm`() {
    for group in 2...64 {
      var bits = 0
      while (1 << bits) < group { bits += 1 }
      #expect(SparsityPattern(keeping: 1, of: group).indexBits == bits)
      #expect(SparsityPattern(keeping: group, of: group).indexBits == 0)
    }
  }

  @Test func `packed bytes round up to whole bytes once`() {
    #expect(SparsityPattern(keeping: 2, of: 4).packedBytes(weights: 4, valueBits: 8) == 3)  // 20 bits
    #expect(SparsityPattern(keeping: 1, of: 3).packedBytes(weights: 9, valueBits: 32) == 13)  // 102 bits
    #expect(SparsityPattern(keeping: 2, of: 4).packedBytes(weights: 0, valueBits: 8) == 0)
  }
}
