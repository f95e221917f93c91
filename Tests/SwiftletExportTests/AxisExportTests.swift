import SwiftletNN
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport
@testable import SwiftletTensor

/// Frames of any number and one vector a sample: scores of every second frame, and of the whole.
private final class Listener: Module {
  @Parameter var kernel: Tensor
  @Child var norm: BatchNorm
  @Child var perFrame: Linear
  @Child var whole: Linear

  init(kernel: Tensor, norm: BatchNorm, perFrame: Linear, whole: Linear) {
    self.kernel = kernel
    self.norm = norm
    self.perFrame = perFrame
    self.whole = whole
  }

  convenience init(seed: UInt64) {
    let generator = Generator(seed: seed)
    let norm = BatchNorm(channels: 8)
    norm.weight = .uniform([8], in: 0.5..<2, using: generator)
    norm.runningMean = .uniform([8], in: -1..<1, using: generator)
    norm.runningVar = .uniform([8], in: 0.5..<2, using: generator)
    self.init(
      kernel: .normal([8, 6, 3], using: generator), norm: norm,
      perFrame: Linear(inputs: 8, outputs: 3, using: generator),
      whole: Linear(inputs: 12, outputs: 5, using: generator))
  }

  /// Shapes: `frames` is `[batch, frames, 6]`, `vector` `[batch, 4]`; `[batch, (frames + 1) / 2, 3]` and `[batch, 5]`.
  func callAsFunction(frames: Tensor, vector: Tensor) -> (perFrame: Tensor, whole: Tensor) {
    let heard = norm(convolution(frames.transposed(1, 2))).relu()
    // Each frame beside the one before it, the first beside itself.
    let count = heard.shape[2]
    let before = Tensor.concatenated(
      [
        heard.narrowed(along: 2, from: 0, count: 1),
        heard.narrowed(along: 2, from: 0, count: count - 1),
      ], along: 2)
    let context = (heard + before).transposed(1, 2)
    let mean = context.mean(along: [1])
    return (perFrame(context), whole(Tensor.concatenated([mean, vector], along: 1)))
  }

  private func convolution(_ x: Tensor) -> Tensor {
    Operator("aten::conv1d").tensor(
      [.tensor(x), .tensor(kernel), .none, .ints([2]), .ints([1]), .ints([1]), .int(1)], #fileID, #line)
  }

  func shallowCopy() -> Listener { Listener(kernel: kernel, norm: norm, perFrame: perFrame, whole: whole) }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct AxisExportTests {
  static let inputs = [
    TracedInput("frames", [.batch, .axis("frames"), 6]), TracedInput("vector", [.batch, 4]),
  ]
  static let axes = [TracedAxis.batch, TracedAxis("frames", maximum: 200)]

  private func export(
    _ model: Listener, with exporter: Exporter = Exporter(), axes: [TracedAxis] = axes
  ) throws -> ExportedModel {
    try exporter.export(model, inputs: Self.inputs, outputs: ["perFrame", "whole"], axes: axes) { model, inputs in
      let scores = model(frames: inputs[0], vector: inputs[1])
      return [scores.perFrame, scores.whole]
    }
  }

  private func check(_ exported: ExportedModel, _ model: Listener, tolerance: Float) throws {
    let session = try Session(exported.modelFile(), threads: 2)
    let generator = Generator(seed: 4)
    for (batch, count) in [(1, 3), (2, 45), (3, 44), (1, 7), (2, 200)] {
      let frames = Tensor.normal([batch, count, 6], using: generator)
      let vector = Tensor.normal([batch, 4], using: generator)
      let expected = withNoGradient { model(frames: frames, vector: vector) }
      let found = try session.run(["vector": vector.array, "frames": frames.array])
      for (name, tensor) in [("perFrame", expected.perFrame), ("whole", expected.whole)] {
        let output = try #require(found[name])
        #expect(output.shape == tensor.shape)
        let difference = maximumDifference(tensor.contiguous().scalars(as: Float.self), output.floats)
        #expect(difference <= tolerance, "\(name), \(count) frames")
      }
    }
  }

  /// Oracle: libtorch, at lengths that were not traced.
  @Test func `two inputs, two outputs and any number of frames`() throws {
    let model = Listener(seed: 3)
    let exported = try export(model)
    #expect(exported.graph.inputs == ["frames", "vector"])
    #expect(exported.graph.outputs == ["perFrame", "whole"])
    #expect(exported.graph.axes == [.batch, .init("frames", maximum: 200)])
    let perFrame = try #require(exported.graph.value(named: "perFrame"))
    #expect(perFrame.shape.map(\.description) == ["batch", "(frames+1)/2", "3"])
    // Batch norm and relu are part of the convolution.
    let operations = exported.graph.nodes.map(\.operation.name)
    #expect(!operations.contains("multiply") && !operations.contains("activation"))
    try check(exported, model, tolerance: 1e-5)
  }

  @Test func `layers of bf16 are close`() throws {
    let model = Listener(seed: 5)
    try check(export(model, with: Exporter(precision: .uniform(.bf16))), model, tolerance: 3e-2)
  }

  @Test func `a convolution that keeps 2 of 4 channels is packed by that pattern`() throws {
    let generator = Generator(seed: 1)
    let kept = Tensor.normal([6, 2, 3, 3], using: generator)
    let zeros = Tensor.zeros([6, 1, 3, 3])
    // Channels 1, 2 of the first four and 0, 3 of the others, which a group holds side by side.
    let weight = Tensor.concatenated(
      [
        zeros, kept, zeros, kept.narrowed(along: 1, from: 0, count: 1), zeros, zeros,
        kept
          .narrowed(along: 1, from: 1, count: 1),
      ], along: 1)
    func convolution(_ x: Tensor) -> Tensor { x.conv2d(weight: weight, padding: [1, 1]) }
    let exported = try Exporter().export(
      inputShape: [8, 5, 5], name: "sparse", parameters: [("conv.weight", weight)], forward: convolution)
    #expect(exported.layers.map(\.pattern) == [SparsityPattern(keeping: 2, of: 4)])
    let x = Tensor.normal([2, 8, 5, 5], using: generator)
    let found = try Session(exported.modelFile()).run([x.array])[0].floats
    #expect(maximumDifference(convolution(x).scalars(as: Float.self), found) <= 1e-5)
  }

  @Test func `int8 layers learn their ranges from batches of all inputs`() throws {
    let model = Listener(seed: 7)
    let generator = Generator(seed: 2)
    let batches = (0..<4).map { index in
      [Tensor.normal([4, 30 + index, 6], using: generator), Tensor.normal([4, 4], using: generator)]
    }
    let exporter = Exporter(
      precision: .uniform(.int8), calibration: Calibration(inputs: batches, rule: .minMax), quantizesEnds: true)
    let exported = try export(model, with: exporter)
    #expect(exported.layers.allSatisfy { $0.precision == .int8 } && exported.layers.count == 3)
    #expect(try #require(exported.int8Effect).change.movement < 0.1)
  }

  @Test func `what cannot be told from the traces is refused`() throws {
    let model = Listener(seed: 3)
    func refuses(_ axes: [TracedAxis], _ expected: String) {
      let error = #expect(throws: ExportError.self) { try export(model, axes: axes) }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    refuses([.batch], "grows with frames, which is not among the axes")
    refuses([.batch, .init("frames", maximum: 9, lengths: [8])], "expected two or more different lengths")
    refuses([.batch, .init("frames", maximum: 9, lengths: [8, 10])], "from 1 to 9")
    let error = #expect(throws: ExportError.self) {
      try Exporter().export(model, inputs: Self.inputs, outputs: ["one"], axes: Self.axes) { model, inputs in
        let scores = model(frames: inputs[0], vector: inputs[1])
        return [scores.perFrame, scores.whole]
      }
    }
    #expect(error?.description.contains("it has 2 outputs") == true)
    // A sum over both axes has no length that one axis gives.
    let flat = #expect(throws: ExportError.self) {
      try Exporter().export(model, inputs: Self.inputs, outputs: ["flat"], axes: Self.axes) { _, inputs in
        [inputs[0].flattened(from: 0, to: 1)]
      }
    }
    #expect(flat?.description.contains("so it would only run at") == true)
  }
}
