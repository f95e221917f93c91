import Foundation
import RuntimeTestSupport
import SwiftletBenchmarkKit
import Testing

@testable import SwiftletRuntime

@Suite(.everyInstructionSet, .namingInstructionSet) struct SessionTests {
  typealias Weights = ModelBuilder.Weights

  static let storages: [Weights] = [
    Weights(), Weights(type: .bfloat16), Weights(type: .int8), Weights(pattern: .init(keeping: 2, of: 4)),
    Weights(pattern: .init(keeping: 1, of: 4)), Weights(type: .bfloat16, pattern: .init(keeping: 2, of: 4)),
    Weights(type: .bfloat16, pattern: .init(keeping: 1, of: 4)),
    Weights(type: .int8, pattern: .init(keeping: 2, of: 4)), Weights(type: .int8, pattern: .init(keeping: 1, of: 4)),
  ]

  /// 65 tokens and layers of width 64: a panel of every width that a kernel has, and sums in several parts.
  @Test(arguments: storages) func `a sample does not depend on its batch or on threads`(weights: Weights) throws {
    let file = try ModelBuilder.visionTransformer(weights, side: 32, width: 64).file()
    let sessions = try (1...3).map { try Session(file, threads: $0) }
    let batch = try sessions[0].randomInputs(batch: 3)[0]
    let together = try sessions[0].run([batch])[0].floats
    let size = batch.elements.count / 3
    for (samples, session) in zip([0..<1, 1..<2, 2..<3, 1..<3, 0..<3], sessions + sessions[1...]) {
      let some = NDArray(
        Array(batch.floats[samples.lowerBound * size..<samples.upperBound * size]), shape: [samples.count, 3, 32, 32])
      let expected = together[samples.lowerBound * 3..<samples.upperBound * 3]
      #expect(try session.run([some])[0].floats == Array(expected), "\(samples), \(session.threads) threads")
    }
  }

  @Test(arguments: storages) func `the number of threads does not change a bit`(weights: Weights) throws {
    let file = try ModelBuilder.visionTransformer(weights).file()
    let one = try Session(file, threads: 1)
    let inputs = try one.randomInputs(batch: 7)
    let expected = try one.run(inputs)
    for threads in [2, 3] { #expect(try Session(file, threads: threads).run(inputs) == expected) }
  }

  /// Oracle: the dense kernel on weights with the zeros written out. Small integers, so that every sum is exact.
  @Test(arguments: [
    (1, 2), (2, 4), (1, 4), (3, 4), (4, 8), (1, 8), (2, 8), (8, 16), (4, 16), (3, 5), (1, 3), (7, 32), (4, 4),
  ])
  func `a sparse layer equals the dense layer with masked weights`(kept: Int, group: Int) throws {
    let pattern = SparsityPattern(keeping: kept, of: group)
    var random = Random(seed: UInt64(group))
    let (outputs, inputs) = (13, 3 * group)
    let integers = random.masked((0..<outputs * inputs).map { _ in Int8(random.int(-9...9)) }, pattern)
    let scales = [Float](repeating: 0.5, count: outputs)
    var results: [[[Float]]] = []
    for pattern in [nil, pattern] {
      var b = ModelBuilder(seed: 1)
      b.graph.appendInput("x", shape: [.batch, .fixed(inputs)])
      b.graph.appendInput(
        "q", type: .uint8, shape: [.batch, .fixed(inputs)], quantization: .init(scale: 1, zeroPoint: 7))
      let floats = integers.map { Float($0) }
      for (name, x, constant) in [
        ("f", "x", try EncodedConstant(name: "wf", shape: [outputs, inputs], floats: floats, pattern: pattern)),
        (
          "b", "x",
          try EncodedConstant(name: "wb", shape: [outputs, inputs], floats: floats, type: .bfloat16, pattern: pattern)
        ),
        (
          "i", "q",
          try EncodedConstant(name: "wi", shape: [outputs, inputs], int8: integers, scales: scales, pattern: pattern)
        ),
      ] {
        let weight = try b.add(constant)
        b.graph.outputs.append(
          try b.graph.append(.linear(weight: weight, bias: nil, activation: nil), named: name, of: [x]))
      }
      let session = try Session(b.file(), threads: 2)
      var inputRandom = Random(seed: 3)
      let x = NDArray((0..<19 * inputs).map { _ in Float(inputRandom.int(-15...15)) }, shape: [19, inputs])
      let q = NDArray(.uint8((0..<19 * inputs).map { _ in UInt8(inputRandom.int(0...255)) }), shape: [19, inputs])
      results.append(try session.run([x, q]).map(\.floats))
    }
    #expect(results[0] == results[1])
  }

  @Test func `a steady state allocates nothing`() throws {
    let session = try Session(ModelBuilder.visionTransformer().file(), threads: 2)
    let inputs = try session.randomInputs(batch: 2)
    let expected = try session.run(inputs)
    let first = try session.withExecution(batch: 2) { (ObjectIdentifier($0), $0.address(ofValue: 0)) }
    for _ in 0..<20 { #expect(try session.run(inputs) == expected) }
    let last = try session.withExecution(batch: 2) { (ObjectIdentifier($0), $0.address(ofValue: 0)) }
    #expect(first == last)
  }

  @Test func `batch sizes may change from run to run`() throws {
    let file = try ModelBuilder.visionTransformer().file()
    let session = try Session(file)
    for batch in [1, 4, 2, 9, 3, 1, 5, 6, 7, 8, 10, 11, 4] {
      let inputs = try session.randomInputs(batch: batch, seed: UInt64(batch))
      #expect(try session.run(inputs) == Session(file).run(inputs))
    }
  }

  @Test func `threads may share a session`() async throws {
    let session = try Session(ModelBuilder.visionTransformer().file(), threads: 2)
    let inputs = try (1...4).map { try session.randomInputs(batch: $0, seed: UInt64($0)) }
    let expected = try inputs.map { try session.run($0) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<16 {
        group.addTask { try session.run(inputs[task % 4]) == expected[task % 4] }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  /// Oracle: the naive reference's values.
  @Test func `observing shows every float value right after it is computed`() throws {
    let file = try ModelBuilder.visionTransformer().file()
    let session = try Session(file)
    let inputs = try session.randomInputs(batch: 2)
    var reference = ReferenceInterpreter(file, batch: 2)
    reference.values["images"] = .init(shape: inputs[0].shape, data: inputs[0].floats.map { Double($0) })
    for node in file.graph.nodes { reference.values[node.output] = reference.output(of: node) }
    var seen: [String] = []
    let outputs = try session.run(inputs) { value, elements in
      seen.append(value.name)
      #expect(Array(elements).largestDifference(from: reference.values[value.name]?.data ?? []) < 1e-4, "\(value.name)")
    }
    #expect(seen == file.graph.values.map(\.name))
    #expect(try session.run(inputs) == outputs)
  }

  @Test func `a profile names every node`() throws {
    let file = try ModelBuilder.visionTransformer(.init(type: .int8)).file()
    let session = try Session(file)
    let profile = try session.profile(session.randomInputs(batch: 3), runs: 3)
    #expect(profile.entries.map(\.name) == file.graph.nodes.map(\.name))
    #expect(profile.lengths == ["batch": 3])
    #expect(profile.entries.allSatisfy { $0.bestMilliseconds <= $0.medianMilliseconds })
    #expect(profile.entries.filter { $0.operation == "linear" }.allSatisfy { $0.kernel != nil })
  }

  @Test func `inputs that do not fit are refused with their reason`() throws {
    let session = try Session(ModelBuilder.visionTransformer().file())
    func refuses(_ inputs: [NDArray], _ expected: String) {
      let error = #expect(throws: SessionError.self) { try session.run(inputs) }
      #expect(error?.description == expected)
    }
    func zeros(_ shape: [Int]) -> NDArray { NDArray([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape) }
    refuses([], "the model takes 1 inputs, found 0")
    refuses([zeros([1, 3, 8, 9])], "the input images has shape [1, 3, 8, 9], expected [batch, 3, 8, 8]")
    refuses([zeros([3, 8, 8])], "the input images has shape [3, 8, 8], expected [batch, 3, 8, 8]")
    refuses([zeros([0, 3, 8, 8])], "a batch of 0 cannot run: expected 1 to 1048576, and the same in every input")
    refuses(
      [NDArray(.uint8([UInt8](repeating: 0, count: 192)), shape: [1, 3, 8, 8])],
      "the input images holds u8, expected f32")
    #expect(throws: SessionError.threadCount(0)) { try Session(session.model, threads: 0) }
  }

  @Test func `a summary counts bytes and multiply-adds`() throws {
    let sparse = try ModelSummary(
      ModelBuilder.visionTransformer(.init(type: .int8, pattern: .init(keeping: 2, of: 4))).file())
    // Tokens x inputs x outputs of each layer, by hand: 4 patches, 5 tokens, two blocks.
    let linears = 4 * 48 * 16 + 2 * 5 * (16 * 48 + 16 * 16 + 2 * 16 * 32) + 16 * 3
    let attention = 2 * 2 * 5 * 5 * 16
    #expect(sparse.denseMultiplyAdds == linears + attention)
    #expect(sparse.multiplyAdds == linears / 2 + attention)
    let qkv = try #require(sparse.layers.first { $0.name == "blocks.0.attn.qkv" })
    #expect(qkv.bytes == 48 * 16 * 5 / 8 + 48 * 4)
    #expect((qkv.pattern, qkv.precision) == ("2:4", "s8"))
  }
}
