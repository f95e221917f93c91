import SwiftletBenchmarkKit
import Testing

@testable import SwiftletRuntime

/// Oracle: `ReferenceInterpreter`, in double precision.
@Suite struct OperationTests {
  typealias Weights = ModelBuilder.Weights

  /// Runs a built graph at several batch sizes and compares with the reference.
  func check(_ b: ModelBuilder, tolerance: Double = 1e-5, _ comment: Comment? = nil) throws {
    let file = try b.file()
    let sessions = try InstructionSet.available.reversed().map {
      try Session(file, threads: 2, instructionSet: $0)
    }
    for batch in [1, 3] {
      let inputs = try sessions[0].randomInputs(batch: batch, seed: 11)
      let expected = ReferenceInterpreter.run(file, inputs, batch: batch)
      for session in sessions {
        for (output, reference) in zip(try session.run(inputs), expected) {
          #expect(output.shape == reference.shape, comment)
          let difference = output.floats.largestDifference(from: reference.data)
          #expect(difference <= tolerance, "\(session.instructionSet), batch \(batch): \(comment?.rawValue ?? "")")
        }
      }
    }
  }

  /// One node over inputs of these shapes.
  func checkNode(
    _ operation: Graph.Operation, _ shapes: [Graph.Shape], type: Graph.ElementType? = nil,
    _ quantization: Graph.Quantization? = nil, tolerance: Double = 1e-5
  ) throws {
    var b = ModelBuilder(seed: 5)
    let inputs = shapes.enumerated().map { b.graph.appendInput("x\($0)", shape: $1) }
    b.graph.outputs = [
      try b.graph.append(operation, named: "y", of: inputs, type: type, quantization: quantization)
    ]
    try check(b, tolerance: tolerance, "\(operation)")
  }

  static let grid = Graph.Quantization(scale: 0.02, zeroPoint: 120)

  static let storages: [Weights] = [
    Weights(), Weights(type: .bfloat16), Weights(pattern: .init(keeping: 2, of: 4)),
    Weights(pattern: .init(keeping: 1, of: 4)), Weights(type: .bfloat16, pattern: .init(keeping: 2, of: 4)),
    Weights(pattern: .init(keeping: 3, of: 8)), Weights(pattern: .init(keeping: 2, of: 2)),
  ]

  @Test(arguments: storages) func `a linear layer in floats equals the definition`(weights: Weights) throws {
    // bf16 inputs round to 8 bits of mantissa: 2^-9 relative for each of 24 products of about 0.2.
    let tolerance = weights.type == .bfloat16 ? 2e-2 : 1e-5
    for activation in [nil] + Graph.Activation.allCases {
      for (outputs, hasBias, hasResidual) in [(1, true, false), (17, false, true), (40, true, true)] {
        var b = ModelBuilder(seed: 3)
        var inputs = [b.graph.appendInput("x", shape: [.batch, 5, 24])]
        if hasResidual { inputs.append(b.graph.appendInput("r", shape: [.batch, 5, .fixed(outputs)])) }
        let weight = try b.weight("w", outputs: outputs, inputs: 24, weights)
        let bias = hasBias ? try b.constant("b", [outputs]) : nil
        b.graph.outputs = [
          try b.graph.append(.linear(weight: weight, bias: bias, activation: activation), named: "y", of: inputs)
        ]
        try check(b, tolerance: tolerance, "\(weights) \(outputs) \(String(describing: activation))")
      }
    }
  }

  @Test(arguments: [nil, SparsityPattern(keeping: 2, of: 4), .init(keeping: 1, of: 4), .init(keeping: 5, of: 8)])
  func `a linear layer in 8-bit integers equals the definition`(pattern: SparsityPattern?) throws {
    for output in [Graph.ElementType.float32, .uint8, .bfloat16] {
      var b = ModelBuilder(seed: 4)
      let inputs = [
        b.graph.appendInput("x", type: .uint8, shape: [.batch, 7, 32], quantization: Self.grid),
        b.graph.appendInput("r", shape: [.batch, 7, 19]),
      ]
      let weight = try b.weight("w", outputs: 19, inputs: 32, Weights(type: .int8, pattern: pattern))
      b.graph.outputs = [
        try b.graph.append(
          .linear(weight: weight, bias: b.constant("b", [19]), activation: .gelu), named: "y", of: inputs, type: output,
          quantization: output == .uint8 ? .init(scale: 0.1, zeroPoint: 100) : nil)
      ]
      // A sum that lies between two bytes may round to either; bf16 keeps 8 bits.
      try check(b, tolerance: output == .float32 ? 1e-4 : output == .uint8 ? 1 : 0.1, "\(output)")
    }
  }

  @Test func `patches hold channel, row and column in order`() throws {
    try checkNode(.patchify(patch: 2), [[.batch, 3, 4, 6]], tolerance: 0)
    try checkNode(.patchify(patch: 2), [[.batch, 3, 4, 6]], type: .uint8, Self.grid, tolerance: 0)
  }

  @Test func `norms equal the definition`() throws {
    for (width, type) in [(1, nil), (7, nil), (64, Graph.ElementType.uint8), (33, .bfloat16)] {
      var b = ModelBuilder(seed: 8)
      b.graph.appendInput("x", shape: [.batch, 3, .fixed(width)])
      let (weight, bias) = (try b.constant("w", [width]), try b.constant("b", [width]))
      b.graph.outputs = [
        try b.graph.append(
          .layerNorm(weight: weight, bias: bias, epsilon: 1e-5), named: "y", of: ["x"], type: type,
          quantization: type == .uint8 ? Self.grid : nil)
      ]
      try check(b, tolerance: type == .uint8 ? 1 : type == .bfloat16 ? 2e-2 : 1e-5)
    }
    try checkNode(.layerNorm(weight: nil, bias: nil, epsilon: 1e-6), [[.batch, 12]])
  }

  @Test(arguments: Graph.Activation.allCases) func `activations equal the definition`(activation: Graph.Activation)
    throws
  {
    try checkNode(.activation(activation), [[.batch, 37]])
  }

  /// Oracle: each byte on its own, by the definition; where that lies between two bytes, either.
  @Test(arguments: Graph.Activation.allCases) func `a table is an activation of bytes`(activation: Graph.Activation)
    throws
  {
    let (from, to) = (Self.grid, Graph.Quantization(scale: 0.015, zeroPoint: 90))
    var graph = Graph(name: "table")
    graph.appendInput("x", type: .uint8, shape: [.batch, 256], quantization: from)
    graph.outputs = [
      try graph.append(.activation(activation), named: "y", of: ["x"], type: .uint8, quantization: to)
    ]
    let bytes = [UInt8](0...255)
    for isa in InstructionSet.available {
      let session = try Session(ModelFile(graph, constants: []), instructionSet: isa)
      let found = try session.run([NDArray(.uint8(bytes), shape: [1, 256])])[0].floats
      for (byte, y) in zip(bytes, found) {
        let x = Double(from.scale * (Float(byte) - Float(from.zeroPoint)))
        let exact = ReferenceInterpreter.activate(activation, x) / Double(to.scale) + Double(to.zeroPoint)
        #expect(abs(min(max(exact, 0), 255) - Double(y)) <= 0.501, "\(activation) of \(byte) on \(isa)")
      }
    }
  }

  @Test func `an activation keeps its settings in a file, and a word it does not know is refused`() throws {
    for activation in Graph.Activation.allCases + [.leakyRelu(slope: 0.125), .leakyRelu(slope: -2)] {
      let json = try JSONTools.encode([activation])
      #expect(try JSONTools.decode([Graph.Activation].self, json) == [activation])
    }
    #expect(try String(decoding: JSONTools.encode([Graph.Activation.relu]), as: UTF8.self) == #"["relu"]"#)
    #expect(
      try String(decoding: JSONTools.encode([Graph.Activation.leakyRelu(slope: 0.5)]), as: UTF8.self)
        == #"[{"leakyRelu":0.5}]"#)
    for json in [#"["swish"]"#, #"[{"relu":1}]"#, #"[{"leakyRelu":0.1,"relu":1}]"#, #"[{"leakyRelu":1e99}]"#] {
      #expect(throws: (any Error).self) { try JSONTools.decode([Graph.Activation].self, .init(json.utf8)) }
    }
  }

  @Test(
    arguments: [
      [[.batch, 3, 5], [.batch, 3, 5]], [[.batch, 3, 5], [3, 5]], [[3, 5], [.batch, 3, 5]],
      [[.batch, 3, 5], [1, 1, 5]],
      [[.batch, 3, 5], [.batch, 3, 1]], [[.batch, 3, 1], [.batch, 1, 5]], [[.batch, 3, 5], []],
      [[1, 3, 1, 5], [.batch, 1, 2, 1]],
      [[.batch, 20_000], [.batch, 20_000]], [[.batch, 20_000], [1]],
    ] as [[Graph.Shape]]) func `sums and products broadcast as NumPy does`(shapes: [Graph.Shape]) throws
  {
    guard shapes.allSatisfy({ ($0.last?.factor ?? 0) < 1000 }) else {
      // The reference is slow for long rows: one instruction set and a law instead. x + x = 2x, and x * c scales.
      var b = ModelBuilder(seed: 2)
      let inputs = shapes.enumerated().map { b.graph.appendInput("x\($0)", shape: $1) }
      b.graph.outputs = [try b.graph.append(.add, named: "y", of: inputs)]
      let session = try Session(b.file(), threads: 2)
      let x = try session.randomInputs(batch: 2)
      let second = x[1].floats
      let expected = x[0].floats.enumerated().map { $1 + second[$0 % second.count] }
      #expect(try session.run(x)[0].floats == expected)
      return
    }
    try checkNode(.add, shapes)
    try checkNode(.multiply, shapes)
  }

  @Test func `attention equals the definition`() throws {
    try checkNode(.attention(heads: 2, scale: 0.5), [[.batch, 5, 24]])
    try checkNode(.attention(heads: 3, scale: 0.3), [[.batch, 4, 6], [.batch, 7, 6], [.batch, 7, 6]])
    for mask in [[5, 5], [2, 5, 5], [1, 2, 5, 5], [1, 1, 5, 5], [.batch, 1, 5, 5]] as [Graph.Shape] {
      try checkNode(.attention(heads: 2, scale: 0.5), [[.batch, 5, 24], mask])
    }
    try checkNode(
      .attention(heads: 2, scale: 0.5), [[.batch, 4, 8], [.batch, 5, 8], [.batch, 5, 8], [4, 5]], type: .uint8,
      .init(scale: 0.01, zeroPoint: 128), tolerance: 1)
  }

  @Test(arguments: [(4, 2, 0), (4, 2, 1), (6, 3, 2), (3, 3, 0)])
  func `attention within windows equals the definition`(side: Int, size: Int, shift: Int) throws {
    for (type, tolerance) in [(Graph.ElementType.float32, 1e-5), (.uint8, 2e-2)] {
      for hasBiases in [false, true] {
        var b = ModelBuilder(seed: 7)
        let grid = type == .uint8 ? Graph.Quantization(scale: 0.01, zeroPoint: 128) : nil
        b.graph.appendInput("x", type: type, shape: [.batch, .fixed(side * side), 48], quantization: grid)
        let span = 2 * size - 1
        let biases = hasBiases ? try b.constant("biases", [span * span, 2]) : nil
        let windows = Graph.AttentionWindows(side: side, size: size, shift: shift, biases: biases)
        b.graph.outputs = [
          try b.graph.append(.attention(heads: 2, scale: 0.35, windows: windows), named: "y", of: ["x"])
        ]
        try check(b, tolerance: tolerance, "\(type) \(hasBiases)")
      }
    }
    try checkNode(
      .attention(heads: 3, scale: 0.3, windows: .init(side: side, size: size, shift: shift)),
      Array(repeating: [.batch, .fixed(side * side), 6], count: 3))
  }

  @Test func `attention on 8-bit integers stays near the definition`() throws {
    var b = ModelBuilder(seed: 6)
    b.graph.appendInput("x", type: .uint8, shape: [.batch, 6, 48], quantization: .init(scale: 0.01, zeroPoint: 128))
    b.graph.outputs = [try b.graph.append(.attention(heads: 2, scale: 0.35), named: "y", of: ["x"])]
    // Probabilities are rounded to 1/255 of the greatest, values reach 1.28.
    try check(b, tolerance: 2e-2)
  }

  @Test func `softmax equals the definition`() throws {
    try checkNode(.softmax, [[.batch, 4, 9]])
    try checkNode(.softmax, [[.batch, 1]])
  }

  @Test func `products of matrices equal the definition`() throws {
    try checkNode(.matmul(transposesSecond: false), [[.batch, 2, 4, 7], [.batch, 2, 7, 5]])
    try checkNode(.matmul(transposesSecond: true), [[.batch, 4, 7], [.batch, 5, 7]])
    try checkNode(.matmul(transposesSecond: false), [[.batch, 4, 7], [7, 3]])
  }

  @Test func `moving elements moves each to its place`() throws {
    let x: Graph.Shape = [.batch, 2, 3, 4]
    let operations: [(Graph.Operation, Graph.Shape)] = [
      (.reshape([.batch(2), 12]), x), (.reshape([.batch(24)]), x), (.expand([.batch, 2, 3, 4]), [2, 1, 4]),
      (.permute([0, 2, 1, 3]), x), (.permute([3, 1, 0, 2]), x), (.permute([0, 1, 3, 2]), x),
      (.slice(axis: 1, start: 1, end: 2), x), (.slice(axis: 3, start: 1, end: 4), x), (.select(axis: 2, index: 2), x),
      (.select(axis: 3, index: 0), x),
    ]
    for (operation, shape) in operations {
      for (type, grid) in [(Graph.ElementType.float32, nil), (.uint8, Self.grid), (.int64, nil)] {
        var b = ModelBuilder(seed: 5)
        // A batch axis somewhere fixes the batch size.
        b.graph.appendInput("x", type: type, shape: shape, quantization: grid)
        b.graph.appendInput("batch", shape: [.batch])
        let y = try b.graph.append(operation, named: "y", of: ["x"])
        b.graph.outputs = [y, try b.graph.append(.activation(.relu), named: "unused", of: ["batch"])]
        try check(b, tolerance: 0, "\(operation) \(type)")
      }
    }
  }

  @Test func `joining keeps the order of its inputs`() throws {
    try checkNode(.concatenate(axis: 1), [[.batch, 1, 4], [.batch, 3, 4], [.batch, 2, 4]], tolerance: 0)
    try checkNode(.concatenate(axis: 2), [[.batch, 3, 1], [.batch, 3, 4]], tolerance: 0)
    try checkNode(.concatenate(axis: 1), [[.batch, 3]], tolerance: 0)
  }

  @Test func `averages equal the definition`() throws {
    let x: Graph.Shape = [.batch, 3, 4, 5]
    for axes in [[1], [2, 3], [3], [1, 2, 3]] {
      try checkNode(.mean(axes: axes, keepsAxes: false), [x])
      try checkNode(.mean(axes: axes, keepsAxes: true), [x])
    }
  }

  @Test func `converting rounds to the nearest and back`() throws {
    for (type, quantization) in [(Graph.ElementType.uint8, Self.grid), (.bfloat16, nil), (.float32, nil)] {
      var b = ModelBuilder(seed: 9)
      b.graph.appendInput("x", shape: [.batch, 100])
      let stored = try b.graph.append(.convert, named: "s", of: ["x"], type: type, quantization: quantization)
      b.graph.outputs = [stored, try b.graph.append(.convert, named: "y", of: [stored])]
      try check(b, tolerance: type == .uint8 ? 1e-6 : 0, "\(type)")
    }
  }

  @Test func `constants can stand where values can`() throws {
    var b = ModelBuilder(seed: 10)
    b.graph.appendInput("x", shape: [.batch, 6])
    let shaped = try b.graph.append(.reshape([2, 3]), named: "r", of: [b.constant("c", [6])])
    let turned = try b.graph.append(.permute([1, 0]), named: "p", of: [shaped])
    let flat = try b.graph.append(.reshape([6]), named: "f", of: [turned])
    b.graph.outputs = [try b.graph.append(.multiply, named: "y", of: [flat, "x"])]
    try check(b)
  }

  /// Tolerance: two blocks of float arithmetic; with integers, a byte that rounds the other way moves a score by a step.
  @Test(arguments: [
    (Weights(), 1e-4), (Weights(pattern: .init(keeping: 2, of: 4)), 1e-4),
    (Weights(pattern: .init(keeping: 1, of: 4)), 1e-4),
    (Weights(type: .bfloat16), 0.1), (Weights(type: .int8), 0.3),
    (Weights(type: .int8, pattern: .init(keeping: 2, of: 4)), 0.3),
  ]) func `a small vision transformer equals the definition`(weights: Weights, tolerance: Double) throws {
    try check(ModelBuilder.visionTransformer(weights), tolerance: tolerance, "\(weights)")
  }
}
