import Foundation
import RuntimeTestSupport
import SwiftletRuntime
import Testing

/// Model files of version 1 give the scores that the program which wrote them gave.
///
/// Both were trained on drawn images: a DeiT of width 32, pruned to 1:4, 2:4 and 4:4 by a plan, in int8; and a Swin of
/// width 16, pruned to 2:4, in bf16. `Goldens/scores.json` holds the bits of their scores for three inputs under each
/// instruction set of the machine that wrote it.
@Suite(.everyInstructionSet, .namingInstructionSet) struct EarlierFilesTests {
  /// Oracle: the scores of the program before version 2 of the graph, bit for bit.
  @Test(arguments: ["deit-int8", "swin-bf16"])
  func `a file of version 1 gives the scores that it always gave`(name: String) throws {
    let session = try Session(ModelFile(contentsOf: goldens.appending(path: "\(name).swiftlet")))
    let side = name.hasPrefix("deit") ? 16 : 32
    let scores = try session.run([Self.pictures(3, side: side)])[0].floats
    let known = try JSONDecoder().decode(
      [String: [String: [UInt32]]].self, from: Data(contentsOf: goldens.appending(path: "scores.json")))
    let expected = try #require(known[name])
    if let bits = expected[InstructionSet.best.rawValue] {
      #expect(scores.map(\.bitPattern) == bits)
    } else {
      // Wider processors sum in another order.
      let nearest = try #require(expected[InstructionSet.avx2.rawValue]).map(Float.init(bitPattern:))
      for (score, other) in zip(scores, nearest) { #expect(abs(score - other) < 0.02 * (1 + abs(other))) }
      #expect(scores.count == nearest.count)
    }
  }

  /// `count` pictures `[3, side, side]` of small numbers that no library rounds differently.
  static func pictures(_ count: Int, side: Int) -> NDArray {
    let elements = (0..<count * 3 * side * side).map { index in
      let step = (index * 7919 + index / 13 * 31) % 257
      return Float(step - 128) / 64
    }
    return NDArray(elements, shape: [count, 3, side, side])
  }

  private var goldens: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens") }
}
