import RuntimeTestSupport
import Testing

@testable import SwiftletRuntime

/// Oracle: `ReferenceInterpreter`, which adds up what each input gives to the outputs, in double precision.
@Suite(.everyInstructionSet, .namingInstructionSet) struct TransposedConvolutionTests {
  typealias Weights = ModelBuilder.Weights

  private static func problem(
    seed: UInt64, _ weights: Weights, type: Graph.ElementType = .float32
  ) throws -> (builder: ModelBuilder, text: String) {
    var b = ModelBuilder(seed: seed)
    let isInteger = weights.type == .int8
    let channels = (weights.pattern?.group ?? 1) * b.random.int(1...4)
    let outputs = b.random.int(1...20)
    var convolution = Graph.TransposedConvolution(
      weight: "w", activation: b.random.bool() ? .relu : nil, kernel: (0..<2).map { _ in b.random.int(1...4) },
      stride: (0..<2).map { _ in b.random.int(1...3) })
    for side in 0..<2 {
      convolution.padding[side] = b.random.int(0...convolution.kernel[side] - 1)
      convolution.outputPadding[side] = b.random.int(0...convolution.stride[side] - 1)
    }
    let numbers = b.random.floats(channels * outputs * convolution.kernel[0] * convolution.kernel[1])
    var matrix = convolution.matrix(of: numbers, channels: channels, outputs: outputs)
    let rows = convolution.phases * outputs
    if let pattern = weights.pattern { matrix = b.random.masked(matrix, pattern) }
    if isInteger {
      // Positions that the kernel lacks stay zero.
      let codes = matrix.map { Int8(($0 * 127).rounded()) }
      _ = try b.add(
        EncodedConstant(
          name: "w", shape: [rows, matrix.count / rows], int8: codes, scales: b.random.floats(rows, 0.001...0.01),
          pattern: weights.pattern))
    } else {
      _ = try b.add(
        EncodedConstant(
          name: "w", shape: [rows, matrix.count / rows], floats: matrix, type: weights.type, pattern: weights.pattern))
    }
    if b.random.bool() { convolution.bias = try b.constant("b", [outputs]) }
    // A stride above the kernel leaves outputs that no input reaches.
    let sides = (0..<2).map { convolution.padding[$0] + b.random.int(1...(seed == 0 && $0 == 1 ? 140 : 5)) }
    b.graph.appendInput(
      "x", type: isInteger ? .uint8 : .float32, shape: [.batch, .fixed(channels)] + sides.map { .fixed($0 + 1) },
      quantization: isInteger ? .init(scale: 0.02, zeroPoint: 120) : nil)
    b.graph.outputs = [
      try b.graph.append(
        .transposedConvolution(convolution), named: "y", of: ["x"], type: type,
        quantization: type == .uint8 ? .init(scale: 0.05, zeroPoint: 100) : nil)
    ]
    return (b, "seed \(seed): \(convolution) on \(sides), \(channels) channels to \(outputs)")
  }

  @Test(arguments: [
    Weights(), Weights(type: .bfloat16), Weights(type: .int8), Weights(pattern: .init(keeping: 2, of: 4)),
    Weights(type: .int8, pattern: .init(keeping: 2, of: 4)),
  ]) func `any shape equals the definition`(weights: Weights) throws {
    for seed in 0..<8 as Range<UInt64> {
      let (b, text) = try Self.problem(seed: seed, weights)
      let file = try b.file()
      let session = try Session(file, threads: 2)
      let inputs = try session.randomInputs(batch: 2, seed: seed)
      let expected = ReferenceInterpreter.run(file, inputs, batch: 2)[0]
      let found = try session.run(inputs)[0]
      #expect(found.shape == expected.shape, "\(text)")
      let tolerance = weights.type == .bfloat16 ? 8e-2 : 1e-4
      #expect(found.floats.largestDifference(from: expected.data) <= tolerance, "\(text)")
    }
  }

  @Test func `it writes bytes`() throws {
    for (seed, weights) in [(30, Weights()), (31, Weights(type: .int8)), (32, Weights(type: .int8))] {
      let (b, text) = try Self.problem(seed: UInt64(seed), weights, type: .uint8)
      let file = try b.file()
      let inputs = try Session(file).randomInputs(batch: 1, seed: 5)
      let expected = ReferenceInterpreter.run(file, inputs, batch: 1)[0]
      #expect(try Session(file).run(inputs)[0].floats.largestDifference(from: expected.data) <= 1, "\(text)")
    }
  }

  @Test func `what does not fit is refused with its reason`() throws {
    func refuses(_ convolution: Graph.TransposedConvolution, _ expected: String) throws {
      var b = ModelBuilder(seed: 1)
      b.graph.appendInput("x", shape: [.batch, 6, 5, 5])
      _ = try b.weight("w", outputs: 8, inputs: 24, .init())
      let error = #expect(throws: GraphError.self) {
        try b.graph.append(.transposedConvolution(convolution), named: "y", of: ["x"])
      }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses(.init(weight: "w", kernel: [3, 5], stride: [2, 2]), "need a multiple of 4 rows and 36 columns")
    try refuses(
      .init(weight: "w", kernel: [4, 4], stride: [2, 2], padding: [4, 0]), "is not below the kernel [4, 4]")
    try refuses(
      .init(weight: "w", kernel: [4, 4], stride: [2, 2], outputPadding: [2, 0]), "not below the stride [2, 2]")
    try refuses(.init(weight: "w", kernel: [4], stride: [2, 2]), "the kernel [4] is no height and width")
    try refuses(.init(weight: "gone", kernel: [4, 4], stride: [2, 2]), "no constant named gone")
  }
}
