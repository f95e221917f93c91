import RuntimeTestSupport
import Testing

@testable import SwiftletRuntime

/// Oracle: `ReferenceInterpreter`, a sum over the kernel in double precision.
@Suite(.everyInstructionSet, .namingInstructionSet) struct DepthwiseConvolutionTests {
  typealias Weights = ModelBuilder.Weights

  /// A convolution of random shape with one input channel a group, and one to three outputs.
  private static func problem(
    seed: UInt64, _ weights: Weights, type: Graph.ElementType = .float32
  ) throws -> (builder: ModelBuilder, text: String) {
    var b = ModelBuilder(seed: seed)
    let isInteger = weights.type == .int8
    let channels = b.random.int(2...40)
    let outputs = channels * [1, 1, 1, 2, 3][b.random.int(0...4)]
    // Weights of 4 bits have groups of 32 along the kernel.
    let kernel =
      weights.type == .uint4 ? [1, 32] : b.random.bool() ? [1, b.random.int(1...9)] : [3, b.random.int(1...5)]
    let dilation = [b.random.int(1...2), b.random.int(1...2)]
    let padding = kernel.map { b.random.int(0...$0) }
    let sides = (0..<2).map { max(1, dilation[$0] * (kernel[$0] - 1) + 1 - 2 * padding[$0]) + b.random.int(0...14) }
    let convolution = Graph.Convolution(
      weight: try b.weight("w", outputs: outputs, inputs: kernel[0] * kernel[1], weights),
      bias: b.random.bool() ? try b.constant("b", [outputs]) : nil,
      activation: [nil, .relu, .silu, .leakyRelu(slope: 0.2)][b.random.int(0...3)], kernel: kernel,
      stride: [b.random.int(1...2), b.random.int(1...3)], padding: padding, dilation: dilation, groups: channels)
    b.graph.appendInput(
      "x", type: isInteger ? .uint8 : .float32,
      shape: [.batch, .fixed(channels), .fixed(sides[0]), .fixed(sides[1])],
      quantization: isInteger ? .init(scale: 0.02, zeroPoint: 120) : nil)
    b.graph.outputs = [
      try b.graph.append(
        .convolution(convolution), named: "y", of: ["x"], type: type,
        quantization: type == .uint8 ? .init(scale: 0.05, zeroPoint: 100) : nil)
    ]
    return (b, "seed \(seed): \(convolution) on \(sides), \(channels) channels to \(outputs)")
  }

  @Test(arguments: [Graph.ElementType.float32, .bfloat16, .float16, .int8, .uint4])
  func `any shape equals the definition`(type: Graph.ElementType) throws {
    for seed in 0..<8 as Range<UInt64> {
      let (b, text) = try Self.problem(seed: seed, Weights(type: type))
      let file = try b.file()
      let session = try Session(file, threads: 2)
      #expect(
        try session.withExecution(batch: 2) { $0.steps.contains { $0.node.operation is Graph.DepthwiseConvolution } })
      let inputs = try session.randomInputs(batch: 2, seed: seed)
      let expected = ReferenceInterpreter.run(file, inputs, batch: 2)[0]
      let found = try session.run(inputs)[0]
      #expect(found.shape == expected.shape, "\(text)")
      // bf16 rounds each input to 8 bits.
      let tolerance = type == .bfloat16 ? 3e-2 : 1e-5
      #expect(found.floats.largestDifference(from: expected.data) <= tolerance, "\(text)")
    }
  }

  @Test(arguments: [Graph.ElementType.uint8, .bfloat16]) func `it writes narrow types`(type: Graph.ElementType) throws {
    for (seed, weights) in [(30, Weights()), (31, Weights(type: .int8)), (32, Weights(type: .int8)), (33, Weights())] {
      let (b, text) = try Self.problem(seed: UInt64(seed), weights, type: type)
      let file = try b.file()
      let session = try Session(file)
      let inputs = try session.randomInputs(batch: 1, seed: 5)
      let expected = ReferenceInterpreter.run(file, inputs, batch: 1)[0]
      let difference = try session.run(inputs)[0].floats.largestDifference(from: expected.data)
      #expect(difference <= (type == .uint8 ? 1 : 4e-2), "\(text)")
    }
  }

  @Test func `threads and the batch do not change a bit`() throws {
    var b = ModelBuilder(seed: 3)
    b.graph.appendInput("x", shape: [.batch, 37, 9, 50])
    let convolution = Graph.Convolution(
      weight: try b.weight("w", outputs: 37, inputs: 9, .init()), kernel: [3, 3], padding: [1, 1], groups: 37)
    b.graph.outputs = [try b.graph.append(.convolution(convolution), named: "y", of: ["x"])]
    let file = try b.file()
    let sessions = try (1...3).map { try Session(file, threads: $0) }
    let inputs = try sessions[0].randomInputs(batch: 2)
    let expected = try sessions[0].run(inputs)
    for session in sessions { #expect(try session.run(inputs) == expected) }
    let first = NDArray(Array(inputs[0].floats.prefix(37 * 450)), shape: [1, 37, 9, 50])
    #expect(try sessions[1].run([first])[0].floats == Array(expected[0].floats.prefix(37 * 450)))
  }

  /// Law: with all zeros in front nothing depends on what follows.
  @Test(arguments: [1, 12]) func `a causal convolution does not look ahead`(groups: Int) throws {
    var b = ModelBuilder(seed: 6)
    b.graph.appendInput("x", shape: [.batch, 12, 1, 40])
    let weight = try b.weight("w", outputs: 12, inputs: 7 * 12 / groups, .init())
    let convolution = Graph.Convolution(
      weight: weight, kernel: [1, 7], padding: [0, 12], paddingAfter: [0, 0], dilation: [1, 2], groups: groups)
    b.graph.outputs = [try b.graph.append(.convolution(convolution), named: "y", of: ["x"])]
    let file = try b.file()
    let session = try Session(file)
    let input = try session.randomInputs(batch: 1)[0].floats
    let whole = try session.run([NDArray(input, shape: [1, 12, 1, 40])])[0]
    #expect(whole.shape == [1, 12, 1, 40])
    let expected = ReferenceInterpreter.run(file, [NDArray(input, shape: [1, 12, 1, 40])], batch: 1)[0]
    #expect(whole.floats.largestDifference(from: expected.data) <= 1e-5)
    let other = input.enumerated().map { $0 % 40 < 25 ? $1 : 9 }
    let early = try session.run([NDArray(other, shape: [1, 12, 1, 40])])[0].floats
    for i in whole.floats.indices where i % 40 < 25 { #expect(early[i] == whole.floats[i]) }
  }

  /// Law: a kernel that is 1 in its middle and 0 elsewhere leaves a sequence as it is.
  @Test(arguments: [1, 31]) func `a delta is the identity`(kernel: Int) throws {
    var b = ModelBuilder(seed: 6)
    b.graph.appendInput("x", shape: [.batch, 12, 1, 40])
    let delta = (0..<12 * kernel).map { Float($0 % kernel == kernel / 2 ? 1 : 0) }
    let weight = try b.add(EncodedConstant(name: "w", shape: [12, kernel], floats: delta))
    let convolution = Graph.Convolution(
      weight: weight, kernel: [1, kernel], padding: [0, kernel / 2], groups: 12)
    b.graph.outputs = [try b.graph.append(.convolution(convolution), named: "y", of: ["x"])]
    let session = try Session(b.file())
    let inputs = try session.randomInputs(batch: 2)
    #expect(try session.run(inputs)[0].floats == inputs[0].floats)
  }
}
