import SwiftletNN
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport
@testable import SwiftletTensor

/// Causal and grouped self-attention, and attention by distances: three projections and what a head makes of distances.
private final class Conformer: Module {
  @Child var query: Linear
  @Child var key: Linear
  @Child var value: Linear
  @Child var distance: Linear
  @Parameter var contentBias: Tensor
  @Parameter var positionBias: Tensor
  @Parameter var table: Tensor
  let heads = 2

  init(
    query: Linear, key: Linear, value: Linear, distance: Linear, contentBias: Tensor, positionBias: Tensor,
    table: Tensor
  ) {
    self.contentBias = contentBias
    self.positionBias = positionBias
    self.table = table
    self.query = query
    self.key = key
    self.value = value
    self.distance = distance
  }

  /// - Parameter tokens: for which the table holds distances.
  convenience init(tokens: Int, seed: UInt64) {
    let generator = Generator(seed: seed)
    func linear(bias: Bool = true) -> Linear { Linear(inputs: 10, outputs: 10, bias: bias, using: generator) }
    self.init(
      query: linear(), key: linear(), value: linear(), distance: linear(bias: false),
      contentBias: .normal([2, 5], using: generator), positionBias: .normal([2, 5], using: generator),
      table: .normal([2 * tokens - 1, 10], using: generator))
  }

  func callAsFunction(_ x: Tensor, distances: Tensor) -> Tensor {
    let (batch, tokens, width) = x.shape3
    func cut(_ x: Tensor) -> Tensor { x.reshaped([batch, tokens, heads, width / heads]).transposed(1, 2) }
    let rows = distance(distances).reshaped([2 * tokens - 1, heads, width / heads]).permuted([1, 0, 2])
    let mixed = attend(
      query: cut(query(x)), key: cut(key(x)), value: cut(value(x)), distances: rows, contentBias: contentBias,
      positionBias: positionBias, scale: 0.3)
    return mixed.transposed(1, 2).reshaped([batch, tokens, width])
  }

  func shallowCopy() -> Conformer {
    Conformer(
      query: query, key: key, value: value, distance: distance, contentBias: contentBias, positionBias: positionBias,
      table: table)
  }
}

/// Oracle: libtorch, at lengths that were not traced.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SequenceAttentionExportTests {
  static let tokens = Graph.Dimension.axis("tokens")
  static let axes = [TracedAxis.batch, TracedAxis("tokens", maximum: 400)]

  private func check(
    _ exported: ExportedModel, at shapes: [[[Int]]], _ model: ([Tensor]) -> Tensor,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let session = try Session(exported.modelFile(), threads: 2)
    let generator = Generator(seed: 6)
    for shapes in shapes {
      let inputs = shapes.map { Tensor.normal($0, using: generator) }
      let expected = withNoGradient { model(inputs) }
      let found = try session.run(inputs.map(\.array))
      let difference = maximumDifference(expected.contiguous().scalars(as: Float.self), found[0].floats)
      #expect(found[0].shape == expected.shape && difference <= 1e-5, "\(shapes)", sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [(6, 2, true), (6, 6, true), (4, 1, false)])
  func `self-attention of any number of tokens, causal and with shared keys, is one operation`(
    heads: Int, keyHeads: Int, causal: Bool
  ) throws {
    let model = Attention(
      width: heads * 4, heads: heads, keyHeads: keyHeads, causal: causal, using: Generator(seed: 2))
    let exported = try Exporter().export(
      model, inputs: [TracedInput("x", [.batch, Self.tokens, .fixed(heads * 4)])], outputs: ["y"], axes: Self.axes
    ) { model, inputs in [model(inputs[0])] }
    let found = exported.graph.nodes.compactMap { $0.operation.as(Graph.Attention.self) }
    #expect(found.count == 1 && found.first?.causal == causal && found.first?.heads == heads)
    #expect(found.first?.keyHeads == (keyHeads == heads ? nil : keyHeads))
    #expect(!exported.graph.nodes.contains { ["matmul", "expand", "softmax"].contains($0.operation.name) })
    try check(exported, at: [[[1, 1, heads * 4]], [[2, 31, heads * 4]], [[1, 300, heads * 4]]]) { model($0[0]) }
  }

  /// As other libraries write it: keys repeated, products scaled, a mask that hides what comes later.
  @Test func `written-out causal attention with repeated keys is one operation`() throws {
    let (heads, keyHeads, width, tokens) = (4, 2, 3, 7)
    let generator = Generator(seed: 5)
    let projections = [heads, keyHeads, keyHeads].map {
      Linear(inputs: 12, outputs: $0 * width, using: generator)
    }
    let later = (0..<tokens * tokens).map { $0 % tokens <= $0 / tokens ? Float(0) : -3.4e38 }
    func mixed(_ x: Tensor) -> Tensor {
      let batch = x.shape[0]
      let parts = projections.enumerated().map { i, projection in
        let cut = projection(x).reshaped([batch, tokens, -1, width]).transposed(1, 2)
        guard i > 0 else { return cut }
        return cut.unsqueezed(2).expanded([batch, keyHeads, heads / keyHeads, tokens, width])
          .reshaped([batch, heads, tokens, width])
      }
      let scores = parts[0].matmul(parts[1].transposed(2, 3)) * 0.5 + Tensor(later, shape: [tokens, tokens])
      return scores.softmax(along: -1).matmul(parts[2]).transposed(1, 2).reshaped([batch, tokens, heads * width])
    }
    let model = SequentialOfThree(projections)
    let exported = try Exporter().export(
      model, inputs: [TracedInput("x", [.batch, .fixed(tokens), 12])], outputs: ["y"], axes: [.batch]
    ) { _, inputs in [mixed(inputs[0])] }
    #expect(exported.graph.nodes.map(\.operation.name) == ["linear", "linear", "linear", "attention"])
    #expect(
      exported.graph.nodes.last?.operation == .attention(heads: heads, scale: 0.5, keyHeads: keyHeads, causal: true))
    try check(exported, at: [[[1, tokens, 12]], [[3, tokens, 12]]]) { mixed($0[0]) }
  }

  @Test func `attention by distances is one operation, whose distances may be computed`() throws {
    let model = Conformer(tokens: 9, seed: 7)
    let distances = try #require(Self.tokens.multiplied(by: 2)?.adding(-1))
    let exported = try Exporter().export(
      model, inputs: [TracedInput("x", [.batch, Self.tokens, 10]), TracedInput("distances", [distances, 10])],
      outputs: ["y"], axes: Self.axes
    ) { model, inputs in [model(inputs[0], distances: inputs[1])] }
    #expect(
      exported.graph.nodes.map(\.operation.name).sorted()
        == ["linear", "linear", "linear", "linear", "relativeAttention"])
    try check(exported, at: [[[1, 1, 10], [1, 10]], [[2, 9, 10], [17, 10]], [[1, 290, 10], [579, 10]]]) {
      model($0[0], distances: $0[1])
    }
  }

  @Test func `attention by distances is one operation, whose distances may be known`() throws {
    let model = Conformer(tokens: 9, seed: 8)
    let exported = try Exporter().export(
      model, inputs: [TracedInput("x", [.batch, 9, 10])], outputs: ["y"], axes: [.batch]
    ) { model, inputs in [model(inputs[0], distances: model.table)] }
    #expect(
      exported.graph.nodes.map(\.operation.name) == ["linear", "linear", "linear", "relativeAttention"])
    try check(exported, at: [[[1, 9, 10]], [[4, 9, 10]]]) { model($0[0], distances: model.table) }
  }
}

/// Three layers that somebody else puts together.
private final class SequentialOfThree: Module {
  @Child var first: Linear
  @Child var second: Linear
  @Child var third: Linear

  init(_ layers: [Linear]) {
    first = layers[0]
    second = layers[1]
    third = layers[2]
  }

  func shallowCopy() -> SequentialOfThree { SequentialOfThree([first, second, third]) }
}
