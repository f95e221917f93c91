import SwiftletNN
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport
@testable import SwiftletTensor

/// Tokens to scores and the best of them, as Hugging Face's Llama writes its norm and its gate.
private final class TinyLanguageModel: Module {
  @Parameter var table: Tensor
  @Parameter var gamma: Tensor
  @Parameter var delta: Tensor
  @Child var gate: Linear
  @Child var up: Linear
  @Child var down: Linear

  init(table: Tensor, gamma: Tensor, delta: Tensor, gate: Linear, up: Linear, down: Linear) {
    self.table = table
    self.gamma = gamma
    self.delta = delta
    self.gate = gate
    self.up = up
    self.down = down
  }

  convenience init(seed: UInt64) {
    let generator = Generator(seed: seed)
    self.init(
      table: .normal([30, 64], using: generator), gamma: .uniform([64], in: 0.5..<2, using: generator),
      delta: .uniform([64], in: 0.5..<2, using: generator),
      gate: Linear(inputs: 64, outputs: 96, using: generator), up: Linear(inputs: 64, outputs: 96, using: generator),
      down: Linear(inputs: 96, outputs: 64, using: generator))
  }

  private func call(_ name: String, _ arguments: [Value]) -> Tensor { Operator(name).tensor(arguments, #fileID, #line) }

  /// Scores `[batch, tokens, 30]` of ids of that shape.
  func scores(_ ids: Tensor) -> Tensor {
    let x = call("aten::embedding", [.tensor(table), .tensor(ids), .int(-1), .bool(false), .bool(false)])
    let squares = call("aten::pow.Tensor_Scalar", [.tensor(x), .int(2)])
    let root = call("aten::rsqrt", [.tensor(squares.mean(along: [2], keepingAxes: true) + 1e-5)])
    let normal = gamma * (x * root)
    let hidden = down(silu(gate(normal)) * up(normal)) + x
    let last = call("aten::rms_norm", [.tensor(hidden), .ints([64]), .tensor(delta), .double(1e-6)])
    return last.matmul(table.transposed(0, 1))
  }

  func best(_ scores: Tensor) -> Tensor { call("aten::argmax", [.tensor(scores), .int(-1), .bool(false)]) }

  private func silu(_ x: Tensor) -> Tensor { call("aten::silu", [.tensor(x)]) }

  func shallowCopy() -> TinyLanguageModel {
    TinyLanguageModel(table: table, gamma: gamma, delta: delta, gate: gate, up: up, down: down)
  }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LanguageExportTests {
  private func export(_ exporter: Exporter, _ model: TinyLanguageModel) throws -> ExportedModel {
    try exporter.export(
      model, inputs: [TracedInput("ids", [.batch, .axis("tokens")], type: .int64)], outputs: ["scores", "best"],
      axes: [.batch, TracedAxis("tokens", maximum: 50)]
    ) { model, inputs in
      let scores = model.scores(inputs[0])
      return [scores, model.best(scores)]
    }
  }

  /// Oracle: libtorch.
  @Test func `a norm that is written out, a gate, a look-up and the greatest are exported`() throws {
    let model = TinyLanguageModel(seed: 3)
    let file = try export(Exporter(), model).modelFile()
    let operations = file.graph.nodes.map(\.operation.name)
    #expect(operations.count { $0 == "rmsNorm" } == 2)
    #expect(!operations.contains("mean"))
    #expect(operations.contains("embedding") && operations.contains("topK"))
    let ids: [Int64] = [0, 29, 4, 4, 17, 8]
    let outputs = try Session(file).run([NDArray(.int64(ids), shape: [2, 3])])
    let expected = withNoGradient { model.scores(Tensor(ids, shape: [2, 3])) }
    #expect(maximumDifference(expected.scalars(as: Float.self), outputs[0].floats) < 1e-5)
    #expect(
      outputs[1] == NDArray(.int64(withNoGradient { model.best(expected) }.scalars(as: Int64.self)), shape: [2, 3]))
  }

  /// int8 weights are off by half of 1/127 of a row's greatest, inputs by as much of a token's.
  @Test(arguments: [(ExportPrecision.uniform(.int8), Float(0.03)), (.int4(groupSize: 32), 0.2)])
  func `its layers run on tokens that are rounded as it runs`(precision: ExportPrecision, tolerance: Float) throws {
    let model = TinyLanguageModel(seed: 4)
    let exported = try export(
      Exporter(precision: precision, activations: .dynamic, quantizesEnds: true), model)
    #expect(exported.layers.allSatisfy { $0.input == nil })
    let ids: [Int64] = [5, 12, 25]
    for tokens in [1, 3] {
      let part = Array(ids.prefix(tokens))
      let outputs = try Session(exported.modelFile()).run([NDArray(.int64(part), shape: [1, tokens])])
      let expected = withNoGradient { model.scores(Tensor(part, shape: [1, tokens])) }
      let difference = maximumDifference(expected.scalars(as: Float.self), outputs[0].floats)
      #expect(difference > 0 && difference < tolerance, "\(difference)")
    }
  }
}
