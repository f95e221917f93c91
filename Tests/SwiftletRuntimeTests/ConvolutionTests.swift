import RuntimeTestSupport
import Testing

@testable import SwiftletRuntime

/// Oracle: `ReferenceInterpreter`, a sum over the kernel in double precision.
@Suite(.everyInstructionSet, .namingInstructionSet) struct ConvolutionTests {
  typealias Weights = ModelBuilder.Weights

  /// A convolution of random shape.
  static func problem(
    seed: UInt64, _ weights: Weights, type: Graph.ElementType = .float32
  ) throws -> (builder: ModelBuilder, text: String) {
    var b = ModelBuilder(seed: seed)
    let isInteger = weights.type == .int8
    let groups = [1, 1, 2, 3][b.random.int(0...3)]
    let inGroup = (weights.pattern?.group ?? 1) * b.random.int(1...3)
    let outputs = groups * b.random.int(1...9)
    let isFlat = b.random.bool()
    let kernel = [isFlat ? 1 : b.random.int(1...3), b.random.int(1...4)]
    let dilation = [isFlat ? 1 : b.random.int(1...2), b.random.int(1...2)]
    let padding = [isFlat ? 0 : b.random.int(0...2), b.random.int(0...3)]
    let sides = (0..<2).map { side -> Int in
      isFlat && side == 0
        ? 1 : max(1, dilation[side] * (kernel[side] - 1) + 1 - 2 * padding[side]) + b.random.int(0...20)
    }
    let convolution = Graph.Convolution(
      weight: try b.weight("w", outputs: outputs, inputs: kernel[0] * kernel[1] * inGroup, weights),
      bias: b.random.bool() ? try b.constant("b", [outputs]) : nil, activation: b.random.bool() ? .silu : nil,
      kernel: kernel, stride: [isFlat ? 1 : b.random.int(1...3), b.random.int(1...3)], padding: padding,
      dilation: dilation, groups: groups)
    b.graph.appendInput(
      "x", type: isInteger ? .uint8 : .float32,
      shape: [.batch, .fixed(groups * inGroup), .fixed(sides[0]), .fixed(sides[1])],
      quantization: isInteger ? .init(scale: 0.02, zeroPoint: 120) : nil)
    b.graph.outputs = [
      try b.graph.append(
        .convolution(convolution), named: "y", of: ["x"], type: type,
        quantization: type == .uint8 ? .init(scale: 0.05, zeroPoint: 100) : nil)
    ]
    return (b, "seed \(seed): \(convolution) on \(sides), \(groups * inGroup) channels to \(outputs)")
  }

  static let storages: [Weights] = [
    Weights(), Weights(type: .bfloat16), Weights(type: .int8), Weights(pattern: .init(keeping: 2, of: 4)),
    Weights(type: .bfloat16, pattern: .init(keeping: 1, of: 4)),
    Weights(type: .int8, pattern: .init(keeping: 2, of: 4)),
  ]

  @Test(arguments: storages) func `any shape equals the definition`(weights: Weights) throws {
    for seed in 0..<25 as Range<UInt64> {
      let (b, text) = try Self.problem(seed: seed, weights)
      let file = try b.file()
      let session = try Session(file, threads: 2)
      let inputs = try session.randomInputs(batch: 2, seed: seed)
      let expected = ReferenceInterpreter.run(file, inputs, batch: 2)[0]
      let found = try session.run(inputs)[0]
      #expect(found.shape == expected.shape, "\(text)")
      // bf16 rounds each of up to 200 inputs to 8 bits.
      let tolerance = weights.type == .bfloat16 ? 5e-2 : 1e-4
      #expect(found.floats.largestDifference(from: expected.data) <= tolerance, "\(text)")
    }
  }

  @Test(arguments: [Graph.ElementType.uint8, .bfloat16]) func `it writes narrow types`(type: Graph.ElementType) throws {
    for seed in 30..<40 as Range<UInt64> {
      let (b, text) = try Self.problem(seed: seed, Weights(), type: type)
      let file = try b.file()
      let session = try Session(file)
      let inputs = try session.randomInputs(batch: 1, seed: seed)
      let expected = ReferenceInterpreter.run(file, inputs, batch: 1)[0]
      let difference = try session.run(inputs)[0].floats.largestDifference(from: expected.data)
      #expect(difference <= (type == .uint8 ? 1 : 2e-2), "\(text)")
    }
  }

  @Test func `the number of threads and the batch do not change a bit`() throws {
    var b = ModelBuilder(seed: 3)
    b.graph.appendInput("x", shape: [.batch, 8, 30, 30])
    let convolution = Graph.Convolution(
      weight: try b.weight("w", outputs: 12, inputs: 36, .init()), kernel: [3, 3], padding: [1, 1], groups: 2)
    b.graph.outputs = [try b.graph.append(.convolution(convolution), named: "y", of: ["x"])]
    let file = try b.file()
    let sessions = try (1...3).map { try Session(file, threads: $0) }
    let inputs = try sessions[0].randomInputs(batch: 2)
    let expected = try sessions[0].run(inputs)
    for session in sessions { #expect(try session.run(inputs) == expected) }
    let first = NDArray(Array(inputs[0].floats.prefix(7200)), shape: [1, 8, 30, 30])
    #expect(try sessions[1].run([first])[0].floats == Array(expected[0].floats.prefix(12 * 900)))
  }

  @Test func `what does not fit is refused with its reason`() throws {
    func refuses(_ convolution: Graph.Convolution, _ expected: String) throws {
      var b = ModelBuilder(seed: 1)
      b.graph.appendInput("x", shape: [.batch, 6, 5, 5])
      _ = try b.weight("w", outputs: 4, inputs: 54, .init())
      _ = try b.weight("sparse", outputs: 4, inputs: 216, .init(pattern: .init(keeping: 2, of: 4)))
      let error = #expect(throws: GraphError.self) {
        try b.graph.append(.convolution(convolution), named: "y", of: ["x"])
      }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses(.init(weight: "w", kernel: [3, 2]), "needs 36")
    try refuses(.init(weight: "w", kernel: [3, 3], stride: [0, 1]), "the stride [0, 1] is no height and width")
    try refuses(.init(weight: "w", kernel: [3]), "the kernel [3] is no height and width")
    try refuses(.init(weight: "w", kernel: [3, 3], dilation: [3, 1]), "a kernel that spans 7 does not fit into 5")
    try refuses(.init(weight: "w", kernel: [3, 3], groups: 4), "4 groups do not divide 6 channels and 4 outputs")
    try refuses(.init(weight: "sparse", kernel: [6, 6], padding: [9, 9]), "groups of 4 do not divide the 6 channels")
    try refuses(.init(weight: "gone", kernel: [3, 3]), "no constant named gone")
  }
}
