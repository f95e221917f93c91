import Foundation
import RuntimeTestSupport
import Testing

@testable import SwiftletRuntime

/// Graphs with several inputs and axes whose length each run chooses.
@Suite(.everyInstructionSet, .namingInstructionSet) struct AxisTests {
  static let frames = Graph.Dimension.axis("frames")

  /// Two inputs along one axis: a convolution with stride over the one, attention and products of matrices over the other.
  static func network() throws -> ModelBuilder {
    var b = ModelBuilder(seed: 12)
    b.graph.axes = [.batch, .init("frames", maximum: 64)]
    b.graph.appendInput("sound", shape: [.batch, 4, 1, frames])
    b.graph.appendInput("text", shape: [.batch, frames, 6])
    let convolution = Graph.Convolution(
      weight: try b.weight("conv.weight", outputs: 6, inputs: 12, .init()), bias: try b.constant("conv.bias", [6]),
      activation: .relu, kernel: [1, 3], stride: [1, 2], padding: [0, 1])
    let heard = try b.graph.append(.convolution(convolution), named: "heard", of: ["sound"])
    let half = try #require(frames.adding(1)?.dividedRoundingDown(by: 2))
    let flat = try b.graph.append(.reshape([.batch, 6, half]), named: "flat", of: [heard])
    let turned = try b.graph.append(.permute([0, 2, 1]), named: "turned", of: [flat])
    let twice = try b.graph.append(.concatenate(axis: 1), named: "twice", of: [turned, turned])
    let late = try b.graph.append(.slice(axis: 1, start: 1, end: frames), named: "late", of: ["text"])
    let last = try b.graph.append(
      .select(axis: 1, index: #require(frames.adding(-1))), named: "last", of: ["text"])
    let mixed = try b.graph.append(.attention(heads: 2, scale: 0.5), named: "mixed", of: ["text", late, late])
    let scores = try b.graph.append(.matmul(transposesSecond: true), named: "scores", of: ["text", "text"])
    let shares = try b.graph.append(.softmax, named: "shares", of: [scores])
    let mean = try b.graph.append(.mean(axes: [1], keepsAxes: false), named: "mean", of: [twice])
    b.graph.outputs = [mean, mixed, shares, last]
    return b
  }

  /// Oracle: the naive reference at each length.
  @Test(arguments: [2, 3, 8, 17, 64]) func `every length equals the definition`(length: Int) throws {
    let file = try Self.network().file()
    let session = try Session(file, threads: 2)
    for batch in [1, 3] {
      let lengths: Graph.AxisLengths = ["batch": batch, "frames": length]
      let inputs = try session.randomInputs(at: lengths, seed: UInt64(length))
      let expected = ReferenceInterpreter.run(file, inputs, lengths)
      for (output, reference) in zip(try session.run(inputs), expected) {
        #expect(output.shape == reference.shape)
        #expect(output.floats.largestDifference(from: reference.data) <= 1e-5)
      }
      let named = try session.run(["text": inputs[1], "sound": inputs[0]])
      #expect(try session.run(inputs) == session.model.graph.outputs.map { named[$0] })
    }
  }

  @Test func `a profile names the length of every axis`() throws {
    let session = try Session(Self.network().file())
    let lengths: Graph.AxisLengths = ["batch": 2, "frames": 5]
    let profile = try session.profile(session.randomInputs(at: lengths), runs: 1)
    #expect(profile.lengths == lengths && "\(profile.lengths)" == "batch 2, frames 5")
    #expect(try JSONDecoder().decode(Profile.self, from: JSONEncoder().encode(profile)) == profile)
  }

  @Test func `the graph survives JSON`() throws {
    let graph = try Self.network().graph
    let text = String(decoding: try graph.json(), as: UTF8.self)
    #expect(text.contains(#""axes":[{"maximum":1048576,"name":"batch"},{"maximum":64,"name":"frames"}]"#))
    #expect(text.contains(#""shape":["batch","(frames+1)/2*2",6]"#))
    #expect(try Graph(json: Array(text.utf8)) == graph)
  }

  @Test func `a join of lengths that step apart is refused`() throws {
    var b = try Self.network()
    let error = #expect(throws: GraphError.self) {
      try b.graph.append(.concatenate(axis: 1), named: "both", of: ["turned", "text"])
    }
    #expect(error?.description.contains("[batch, frames, 6] cannot be joined to [batch, (frames+1)/2, 6]") == true)
  }

  @Test func `inputs that disagree about an axis are refused by its name`() throws {
    let session = try Session(Self.network().file())
    func refuses(_ sound: [Int], _ text: [Int], _ expected: String) {
      func zeros(_ shape: [Int]) -> NDArray { NDArray([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape) }
      let error = #expect(throws: SessionError.self) { try session.run([zeros(sound), zeros(text)]) }
      #expect(error?.description == expected)
    }
    refuses([1, 4, 1, 8], [1, 9, 6], "a frames of 9 cannot run: expected 1 to 64, and the same in every input")
    refuses([1, 4, 1, 65], [1, 65, 6], "a frames of 65 cannot run: expected 1 to 64, and the same in every input")
    refuses([1, 4, 1, 8], [2, 8, 6], "a batch of 2 cannot run: expected 1 to 1048576, and the same in every input")
    refuses([1, 4, 1, 1], [1, 1, 6], "late would be empty at batch 1, frames 1: frames is too short")
    refuses([1, 4, 2, 8], [1, 8, 6], "the input sound has shape [1, 4, 2, 8], expected [batch, 4, 1, frames]")
    let error = #expect(throws: SessionError.self) { try session.run(["text": NDArray([0], shape: [1])]) }
    #expect(error?.description == "there is no input sound, or it is missing: the model takes sound, text")
  }

  @Test func `axes are declared once, within bounds`() throws {
    func refuses(_ expected: String, _ change: (inout Graph) -> Void) throws {
      var graph = try Self.network().graph
      change(&graph)
      let error = #expect(throws: GraphError.self) { try graph.validate() }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses("the graph declares no axis frames") { $0.axes = [.batch] }
    try refuses("or is there twice") { $0.axes.append(.batch) }
    try refuses("is no name of an axis") { $0.axes.append(.init("2nd", maximum: 1)) }
    try refuses("the maximum of frames is 0") { $0.axes[1].maximum = 0 }
    try refuses("is empty even where frames is 1") { $0.axes[1].maximum = 1 }
    try refuses("does not follow from (frames+1)/2") {
      let half = Self.frames.adding(1)?.dividedRoundingDown(by: 2)
      $0.values[0].shape[3] = half ?? 1
      $0.values[1].shape[1] = half ?? 1
    }
  }
}
