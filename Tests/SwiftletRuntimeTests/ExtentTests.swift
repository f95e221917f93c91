import Testing

@testable import SwiftletRuntime

@Suite struct ExtentTests {
  private func random(_ random: inout Random) -> Graph.Extent? {
    Graph.Extent(
      "frames", factor: random.int(1...4), scale: random.int(1...6), shift: random.int(-9...9),
      divisor: random.int(1...6), offset: random.int(-5...5))
  }

  /// Oracle: the definition in whole numbers, before it is brought to lowest terms.
  @Test(arguments: 0..<200) func `lowest terms give the same lengths`(seed: UInt64) throws {
    var random = Random(seed: seed)
    let (factor, scale, divisor) = (random.int(1...9), random.int(1...12), random.int(1...12))
    let (shift, offset) = (random.int(-40...40), random.int(-9...9))
    let extent = try #require(
      Graph.Extent("n", factor: factor, scale: scale, shift: shift, divisor: divisor, offset: offset))
    for n in 1...60 {
      let quotient = Int((Double(scale * n + shift) / Double(divisor)).rounded(.down))
      #expect(extent.length(axis: n) == factor * quotient + offset, "seed \(seed), \(extent) at \(n)")
    }
    #expect(Graph.Extent("\(extent)") == extent)
  }

  @Test(arguments: 0..<200) func `equal functions are equal values`(seed: UInt64) throws {
    var generator = Random(seed: seed)
    let (a, b) = (try #require(random(&generator)), try #require(random(&generator)))
    let agree = (1...400).allSatisfy { a.length(axis: $0) == b.length(axis: $0) }
    #expect((a == b) == agree, "seed \(seed): \(a), \(b)")
  }

  /// Oracle: arithmetic on the lengths.
  @Test(arguments: 0..<200) func `arithmetic on extents is arithmetic on lengths`(seed: UInt64) throws {
    var generator = Random(seed: seed)
    let a = Graph.Dimension.extent(try #require(random(&generator)))
    let number = generator.int(1...6)
    for n in 1...40 {
      let length = a.length(["frames": n])
      #expect(a.adding(-number)?.length(["frames": n]) == length - number)
      #expect(a.multiplied(by: number)?.length(["frames": n]) == length * number)
      if let divided = a.dividedRoundingDown(by: number) {
        #expect(
          divided.length(["frames": n]) == Int((Double(length) / Double(number)).rounded(.down)), "seed \(seed): \(a)")
      }
      #expect(a.subtracting(a) == .fixed(0))
      #expect(a.adding(a)?.length(["frames": n]) == 2 * length)
    }
  }

  @Test func `the stack of strides in front of a speech encoder is one extent`() throws {
    var samples = Graph.Dimension.axis("samples")
    for (kernel, stride) in [(10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)] {
      samples = try #require(samples.adding(-kernel)?.dividedRoundingDown(by: stride)?.adding(1))
    }
    #expect(samples.description == "(samples+240)/320-1")
    #expect(samples.length(["samples": 16000]) == 49)
  }

  @Test(arguments: [
    "frames*1", "frames*0", "frames+0", "(frames)/1", "(frames*2)/2", "(frames+3)/3", "(frames)/2*1", "2frames",
    "frames-", "frames*4+", "frames ", "", "(frames/2", "frames*99999999999999999999", "frames*-2",
  ])
  func `a text that is not in lowest terms is no length`(text: String) { #expect(Graph.Extent(text) == nil) }

  @Test func `shapes hold equally many elements at every length or they do not`() {
    let frames = Graph.Dimension.axis("frames")
    #expect(ElementCount([.batch, frames, 12]) == ElementCount([.batch, frames, 3, 4]))
    #expect(ElementCount([.batch, frames, 4]) == ElementCount([.batch(4), frames]))
    #expect(ElementCount([.batch, frames, 4]) != ElementCount([.batch, 4, 4]))
    #expect(ElementCount([.batch, 12]) != ElementCount([frames, 12]))
    #expect(ElementCount([frames.adding(frames)!, 3]) == ElementCount([frames, 6]))
  }
}
