import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport

/// Oracle: the graph before the pass, run by the same runtime on the same input.
@Suite struct FoldScaleTests {
  /// What stands between a linear layer of four outputs and the product.
  enum Case: CaseIterable {
    case vector, vectorFirst, number, sharedWeight, readTwice, activated, alongTokens
  }

  @Test(arguments: Case.allCases, [true, false])
  func `a scale is folded where nothing else sees the layer, and stays where something does`(
    kind: Case, hasBias: Bool
  ) throws {
    var network = Network(graph: Graph(name: "scaled"))
    var random = SplitMix64(seed: 17)
    let input = network.graph.appendInput("input", shape: [.batch, 4, 4])
    let weight = network.addConstant("layer.weight", shape: [4, 4], numbers: random.floats(16))
    let bias = hasBias ? network.addConstant("layer.bias", shape: [4], numbers: random.floats(4)) : nil
    let linear = Graph.Operation.linear(
      weight: weight, bias: bias, activation: kind == .activated ? .gelu : nil)
    let y = try network.graph.append(linear, named: "layer", of: [input])
    let shape = kind == .number ? [1] : kind == .alongTokens ? [4, 1] : [4]
    let factors = network.addConstant(
      "gamma", shape: shape, numbers: random.floats(shape.reduce(1, *)))
    let scaled = try network.graph.append(
      .multiply, named: "scaled", of: kind == .vectorFirst ? [factors, y] : [y, factors])
    var output = scaled
    if kind == .sharedWeight {
      let other = try network.graph.append(linear, named: "other", of: [scaled])
      output = try network.graph.append(.add, named: "sum", of: [scaled, other])
    }
    if kind == .readTwice { output = try network.graph.append(.add, named: "sum", of: [scaled, y]) }
    network.graph.outputs = [output]

    var folded = network
    try folded.apply([.foldScale])
    let isFolded = [.vector, .vectorFirst, .number].contains(kind)
    #expect(folded.graph.nodes.contains { $0.operation == .multiply } == !isFolded)
    #expect((folded.graph.constant(named: "gamma") == nil) == isFolded)
    for batch in [1, 3] {
      let (before, after) = (try network.run(batch: batch, seed: 5)[0], try folded.run(batch: batch, seed: 5)[0])
      #expect(before.floats.contains { $0 != 0 } && maximumDifference(before.floats, after.floats) <= 1e-6)
    }
  }

  @Test(arguments: [Float(1.702), 1.7])
  func `only the slope of quick gelu makes quick gelu`(slope: Float) throws {
    var network = Network(graph: Graph(name: "gated"))
    let input = network.graph.appendInput("input", shape: [.batch, 5])
    let factor = network.addConstant("slope", shape: [1], numbers: [slope])
    let scaled = try network.graph.append(.multiply, named: "scaled", of: [input, factor])
    let gate = try network.graph.append(.activation(.sigmoid), named: "gate", of: [scaled])
    network.graph.outputs = [try network.graph.append(.multiply, named: "gated", of: [input, gate])]
    var after = network
    try after.apply([.recogniseQuickGelu])
    #expect(
      after.graph.nodes.map(\.operation)
        == (slope == 1.702 ? [.activation(.quickGelu)] : network.graph.nodes.map(\.operation)))
    let (x, y) = (try network.run(batch: 2, seed: 3)[0], try after.run(batch: 2, seed: 3)[0])
    #expect(maximumDifference(x.floats, y.floats) <= 1e-6)
  }
}
