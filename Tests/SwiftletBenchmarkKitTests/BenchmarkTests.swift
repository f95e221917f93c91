import SwiftletBenchmarkKit
import SwiftletRuntime
import Testing

@Suite struct BenchmarkTests {
  @Test func `a timing is the best and the middle`() {
    #expect(Timing([3, 1, 2]).best == 1 && Timing([3, 1, 2]).median == 2)
    #expect(Timing([4, 1, 2, 3]).median == 2.5)
    #expect(Timing([4, 2]).divided(by: 2).median == 1.5)
  }

  /// Each round runs everybody once untimed, and then timed.
  @Test func `contenders take turns`() throws {
    var order: [String] = []
    let times = try InterleavedTiming.measure(
      rounds: 2, repeats: 2, [{ order.append("a") }, { order.append("b") }])
    #expect(times.count == 2)
    #expect(order == ["a", "a", "a", "b", "b", "b", "a", "a", "a", "b", "b", "b"])
  }

  @Test(arguments: Precision.allCases, [(1, 1), (2, 4), (1, 4)])
  func `a product of small integers is that of the reference`(precision: Precision, pattern: (Int, Int)) throws {
    let product = try Gemm(
      .init(tokens: 19, inputs: 64, outputs: 70), precision: precision,
      pattern: .init(keeping: pattern.0, of: pattern.1), threads: 2)
    product.run(on: try ThreadPool(threads: 2))
    try product.check()
  }

  @Test func `a model with random weights runs as a contender`() throws {
    var settings = RandomVisionTransformer(size: .tiny, precision: .int8, pattern: .init(keeping: 2, of: 4))
    (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
    let contender = Contender(name: settings.name, try settings.model())
    #expect(contender.instructionSet == InstructionSet.best.rawValue)
    let times = try [contender, contender].measure(batch: 2, threads: 1, runs: 1)
    #expect(times.map(\.name) == ["deit-tiny-int8-2:4", "deit-tiny-int8-2:4"])
    #expect(try contender.work(2, 1)().count == 6)
  }

  @Test func `inputs are a function of the seed`() throws {
    var settings = RandomVisionTransformer(size: .tiny)
    (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
    let session = try Session(settings.model(), threads: 1)
    let (one, same) = (try session.randomInputs(batch: 2), try session.randomInputs(batch: 2))
    #expect(one[0].floats == same[0].floats && one[0].shape == [2, 3, 16, 16])
    #expect(try session.randomInputs(batch: 2, seed: 2)[0].floats != one[0].floats)
  }
}
