import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport

/// Oracle for every pass: the graph before it, run by the same runtime on the same input.
@Suite struct PassTests {
  /// A network under construction with random weights.
  private struct Builder {
    var network = Network(graph: Graph(name: "test"))
    var numbers = SplitMix64(seed: 11)

    mutating func input(_ shape: Graph.Shape) -> String { network.graph.appendInput("input", shape: shape) }

    mutating func constant(_ shape: [Int]) -> String {
      network.addConstant("constant", shape: shape, numbers: numbers.floats(shape.reduce(1, *)))
    }

    mutating func node(_ operation: Graph.Operation, _ inputs: String...) throws -> String {
      try network.graph.append(operation, named: network.freeName(operation.name), of: inputs)
    }

    mutating func linear(_ x: String, inputs: Int, outputs: Int) throws -> String {
      let weight = constant([outputs, inputs])
      let bias = constant([outputs])
      return try node(.linear(weight: weight, bias: bias, activation: nil), x)
    }

    mutating func finish(_ outputs: String...) -> Network {
      network.graph.outputs = outputs
      return network
    }
  }

  /// Applies passes and compares all outputs at two batch sizes.
  @discardableResult
  private func check(
    _ network: Network, _ passes: [Pass], tolerance: Float = 1e-5, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Network {
    var rewritten = network
    try rewritten.apply(passes)
    for batch in [1, 3] {
      let before = try network.run(batch: batch, seed: 5)
      let after = try rewritten.run(batch: batch, seed: 5)
      #expect(before.map(\.shape) == after.map(\.shape), sourceLocation: sourceLocation)
      for (x, y) in zip(before, after) {
        #expect(x.floats.contains { $0 != 0 }, sourceLocation: sourceLocation)
        #expect(maximumDifference(x.floats, y.floats) <= tolerance, sourceLocation: sourceLocation)
      }
    }
    return rewritten
  }

  @Test func `chains of reshapes and permutations become one, and round trips vanish`() throws {
    var b = Builder()
    let x = b.input([.batch, 6, 4])
    let y = try b.linear(x, inputs: 4, outputs: 5)
    let there = try b.node(.permute([0, 2, 1]), y)
    let apart = try b.node(.reshape([.batch, 5, 2, 3]), there)
    let together = try b.node(.reshape([.batch, 5, 6]), apart)
    let back = try b.node(.permute([0, 2, 1]), together)
    let z = try b.linear(back, inputs: 5, outputs: 3)
    let after = try check(b.finish(z), [.simplifyMovement])
    #expect(after.graph.nodes.map(\.operation.name) == ["linear", "linear"])
  }

  @Test func `a full slice, an expansion to the same shape and a join of one are nothing`() throws {
    var b = Builder()
    let x = b.input([.batch, 6, 4])
    let a = try b.node(.slice(axis: 1, start: 0, end: 6), x)
    let c = try b.node(.expand([.batch, 6, 4]), a)
    let d = try b.node(.concatenate(axis: 1), c)
    let e = try b.node(.activation(.silu), d)
    let after = try check(b.finish(e), [.simplifyMovement])
    #expect(after.graph.nodes.map(\.operation.name) == ["activation"])
  }

  @Test func `what moves nothing stays where it is the output of the network`() throws {
    var b = Builder()
    let x = b.input([.batch, 4])
    let y = try b.node(.reshape([.batch, 4]), x)
    let after = try check(b.finish(y), [.simplifyMovement])
    #expect(after.graph.nodes.count == 1)
  }

  @Test(arguments: Graph.Activation.allCases)
  func `an activation joins its linear`(activation: Graph.Activation) throws {
    var b = Builder()
    let x = b.input([.batch, 5, 4])
    let y = try b.linear(x, inputs: 4, outputs: 7)
    let z = try b.node(.activation(activation), y)
    let after = try check(b.finish(z), [.fuseActivation])
    #expect(after.graph.nodes.count == 1)
  }

  @Test func `an activation whose argument somebody else reads stays apart`() throws {
    var b = Builder()
    let x = b.input([.batch, 5, 4])
    let y = try b.linear(x, inputs: 4, outputs: 7)
    let z = try b.node(.activation(.relu), y)
    let sum = try b.node(.add, y, z)
    let after = try check(b.finish(sum), [.fuseActivation])
    #expect(after.graph.nodes.count == 3)
  }

  @Test(arguments: [true, false])
  func `a residual sum joins the linear of its branch`(residualFirst: Bool) throws {
    var b = Builder()
    let x = b.input([.batch, 5, 4])
    let hidden = try b.linear(x, inputs: 4, outputs: 9)
    let active = try b.node(.activation(.gelu), hidden)
    let branch = try b.linear(active, inputs: 9, outputs: 4)
    let sum = try residualFirst ? b.node(.add, x, branch) : b.node(.add, branch, x)
    let after = try check(b.finish(sum), [.fuseActivation, .fuseResidual])
    #expect(after.graph.nodes.map(\.operation.name) == ["linear", "linear"])
    #expect(after.graph.nodes[1].inputs == [after.graph.nodes[0].output, "input"])
  }

  @Test func `a sum that broadcasts, or adds a constant, stays a sum`() throws {
    var b = Builder()
    let x = b.input([.batch, 5, 4])
    let y = try b.linear(x, inputs: 4, outputs: 4)
    let position = b.constant([5, 4])
    let sum = try b.node(.add, y, position)
    let after = try check(b.finish(sum), [.fuseResidual])
    #expect(after.graph.nodes.map(\.operation.name) == ["linear", "add"])
  }

  /// The ways in which models cut heads from projections.
  enum Cut: CaseIterable { case permuteThenSelect, selectThenPermute, sliced, separate }

  @Test(arguments: Cut.allCases, [false, true])
  func `spelled-out attention becomes one operation`(cut: Cut, isMasked: Bool) throws {
    let (tokens, heads, width) = (5, 2, 3)
    let features = heads * width
    var b = Builder()
    let x = b.input([.batch, 5, 6])
    var parts: [String] = []
    switch cut {
    case .permuteThenSelect:
      let packed = try b.linear(x, inputs: features, outputs: 3 * features)
      let apart = try b.node(.reshape([.batch, 5, 3, 2, 3]), packed)
      let ordered = try b.node(.permute([2, 0, 3, 1, 4]), apart)
      parts = try (0..<3).map { try b.node(.select(axis: 0, index: .fixed($0)), ordered) }
    case .selectThenPermute:
      let packed = try b.linear(x, inputs: features, outputs: 3 * features)
      let apart = try b.node(.reshape([.batch, 5, 3, 2, 3]), packed)
      parts = try (0..<3).map {
        try b.node(.permute([0, 2, 1, 3]), b.node(.select(axis: 2, index: .fixed($0)), apart))
      }
    case .sliced:
      let packed = try b.linear(x, inputs: features, outputs: 3 * features)
      parts = try (0..<3).map {
        let slice = try b.node(.slice(axis: 2, start: .fixed($0 * features), end: .fixed(($0 + 1) * features)), packed)
        return try b.node(.permute([0, 2, 1, 3]), b.node(.reshape([.batch, 5, 2, 3]), slice))
      }
    case .separate:
      parts = try (0..<3).map { _ in
        let projection = try b.linear(x, inputs: features, outputs: features)
        return try b.node(.permute([0, 2, 1, 3]), b.node(.reshape([.batch, 5, 2, 3]), projection))
      }
    }
    var scores = try b.node(.matmul(transposesSecond: true), parts[0], parts[1])
    let scale = b.network.addConstant("scale", shape: [1], numbers: [0.577])
    scores = try b.node(.multiply, scores, scale)
    if isMasked { scores = try b.node(.add, scores, b.constant([tokens, tokens])) }
    let mixed = try b.node(.matmul(transposesSecond: false), b.node(.softmax, scores), parts[2])
    let joined = try b.node(.reshape([.batch, 5, 6]), b.node(.permute([0, 2, 1, 3]), mixed))

    let after = try check(b.finish(joined), [.fuseAttention])
    let linears = cut == .separate ? 3 : 1
    #expect(
      after.graph.nodes.map(\.operation.name) == Array(repeating: "linear", count: linears) + ["attention"])
    #expect(after.graph.nodes.last?.operation == .attention(heads: 2, scale: Double(Float(0.577))))
    #expect(after.graph.nodes.last?.inputs.count == linears + (isMasked ? 1 : 0))
  }

  @Test func `attention with its parts in another order stays as it is`() throws {
    var b = Builder()
    let x = b.input([.batch, 5, 18])
    let apart = try b.node(.reshape([.batch, 5, 3, 2, 3]), x)
    let ordered = try b.node(.permute([2, 0, 3, 1, 4]), apart)
    let (v, k, q) = (
      try b.node(.select(axis: 0, index: 0), ordered), try b.node(.select(axis: 0, index: 1), ordered),
      try b.node(.select(axis: 0, index: 2), ordered)
    )
    let weights = try b.node(.softmax, b.node(.matmul(transposesSecond: true), q, k))
    let mixed = try b.node(.matmul(transposesSecond: false), weights, v)
    let joined = try b.node(.reshape([.batch, 5, 6]), b.node(.permute([0, 2, 1, 3]), mixed))
    let after = try check(b.finish(joined), Pass.all)
    #expect(!after.graph.nodes.contains { $0.operation.name == "attention" })
  }

  @Test func `what no output needs is removed, and its constants with it`() throws {
    var b = Builder()
    let x = b.input([.batch, 4])
    let y = try b.linear(x, inputs: 4, outputs: 3)
    _ = try b.linear(y, inputs: 3, outputs: 8)
    let after = try check(b.finish(y), [.removeUnused])
    #expect(after.graph.nodes.count == 1)
    #expect(after.graph.constants.count == 2 && after.numbers.count == 2)
  }

  /// Oracle: the same arithmetic in floats, with the grids applied by hand.
  @Test func `an int8 layer whose input others read gets a conversion, the others keep floats`() throws {
    var b = Builder()
    let x = b.input([.batch, 4, 8])
    let hidden = try b.linear(x, inputs: 8, outputs: 8)
    let one = try b.linear(hidden, inputs: 8, outputs: 8)
    let sum = try b.node(.add, hidden, one)
    var network = b.finish(sum)
    let weight = network.linearLayers[1].weight
    let formats = [weight: WeightFormat(precision: .int8)]
    #expect(network.int8Values(formats, includingAttention: true) == [Int8Value(name: hidden)])
    try network.quantizeActivations(
      formats, to: [hidden: Graph.Quantization(covering: -4, 4)], includingAttention: true)
    _ = try network.encode(formats)
    try network.graph.validate()
    #expect(network.graph.nodes.map(\.operation.name) == ["linear", "convert", "linear", "add"])
    #expect(network.graph.value(named: hidden)?.type == .float32)
  }

  @Test func `a value that only int8 layers read is written in 8 bits at once`() throws {
    var b = Builder()
    let x = b.input([.batch, 4, 8])
    let hidden = try b.linear(x, inputs: 8, outputs: 8)
    let one = try b.linear(hidden, inputs: 8, outputs: 8)
    let two = try b.linear(hidden, inputs: 8, outputs: 8)
    let sum = try b.node(.add, one, two)
    var network = b.finish(sum)
    let formats = Dictionary(
      uniqueKeysWithValues: network.linearLayers.dropFirst().map { ($0.weight, WeightFormat(precision: .int8)) })
    try network.quantizeActivations(
      formats, to: [hidden: Graph.Quantization(covering: -4, 4)], includingAttention: true)
    _ = try network.encode(formats)
    try network.graph.validate()
    #expect(network.graph.nodes.map(\.operation.name) == ["linear", "linear", "linear", "add"])
    #expect(network.graph.value(named: hidden)?.type == .uint8)
  }
}
