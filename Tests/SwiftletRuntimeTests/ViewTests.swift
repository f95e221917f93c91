import RuntimeTestSupport
import SwiftletBenchmarkKit
import Testing

@testable import SwiftletRuntime

@Suite(.everyInstructionSet, .namingInstructionSet) struct ViewTests {
  typealias Weights = ModelBuilder.Weights

  /// Oracle: `NodeByNode`, which shares no memory. Every value, as calibration sees it, and every output.
  @Test(arguments: 0..<60) func `views and joined values do not change a bit`(seed: UInt64) throws {
    let builder = try MovingGraphs.graph(seed: seed)
    let session = try Session(builder.file(), threads: 2)
    for batch in [1, 3] {
      let inputs = try session.randomInputs(batch: batch, seed: seed)
      let expected = try NodeByNode(builder, inputs).values
      let outputs = try session.run(inputs) { value, elements in
        let isEqual = expected[value.name]?.floats.elementsEqual(elements) { $0.bitPattern == $1.bitPattern }
        #expect(isEqual == true, "seed \(seed), batch \(batch): \(value.name)")
      }
      #expect(outputs == builder.graph.outputs.compactMap { expected[$0] }, "seed \(seed), batch \(batch)")
      #expect(try session.run(inputs) == outputs, "seed \(seed), batch \(batch)")
    }
  }

}

@Suite struct ElementPlacesTests {
  /// Oracle: elements followed to where they were computed. Two that are needed at the same time share a byte only if they
  /// are one element, or if one is computed in the place of another that is read for the last time, and for it alone.
  @Test(arguments: 0..<150) func `no two elements that live together share bytes`(seed: UInt64) throws {
    let original = ResolvedGraph(try MovingGraphs.graph(seed: seed).graph)
    for batch in [1, 2] {
      let plan = try MemoryPlan(original, ["batch": batch])
      #expect(plan.blocks.allSatisfy { $0.offset % 64 == 0 })
      var origins = origins(original, batch: batch)
      // Images that are copied in another order.
      let graph = plan.graph
      for node in graph.nodes where node.output >= original.values.count {
        origins.append(origins[node.valueInputs[0]])
      }
      var lastUse = Array(repeating: -1, count: origins.count)
      for (step, node) in graph.nodes.enumerated() { for value in node.valueInputs { lastUse[value] = step } }
      for output in graph.outputs { lastUse[output] = graph.nodes.count }

      // Of each byte, the element that was written last, and until when it is needed.
      var owners = Array(repeating: (origin: -1, until: -1), count: plan.arenaByteCount)
      for (step, value) in graph.inputs.map({ (-1, $0) }) + graph.nodes.enumerated().map({ ($0, $1.output) }) {
        let inputs = step < 0 ? [] : graph.nodes[step].valueInputs.map { bytes(of: $0, graph, plan) }
        for (element, (start, origin)) in zip(places(of: value, graph, plan), origins[value]).enumerated() {
          for byte in start..<start + graph.value(value).type.byteCount {
            let owner = owners[byte]
            if owner.origin == origin {
              owners[byte].until = max(owner.until, lastUse[value])
            } else {
              let isRead = inputs.contains { $0[byte].map { $0 != element } ?? false }
              #expect(owner.until <= step && !isRead, "seed \(seed), batch \(batch): \(graph.value(value).name)")
              owners[byte] = (origin, max(step, lastUse[value]))
            }
          }
        }
      }
    }
  }

  /// The element that each byte of a value belongs to.
  private func bytes(of value: Int, _ graph: ResolvedGraph, _ plan: MemoryPlan) -> [Int: Int] {
    let size = graph.value(value).type.byteCount
    return Dictionary(
      places(of: value, graph, plan).enumerated().flatMap { element, start in
        (start..<start + size).map { ($0, element) }
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Where each element starts in the arena.
  private func places(of value: Int, _ graph: ResolvedGraph, _ plan: MemoryPlan) -> [Int] {
    let (layout, size) = (plan.layouts[value], graph.value(value).type.byteCount)
    return ReferenceInterpreter.Array.indices(layout.shape).map { index in
      plan.offset(ofValue: value) + zip(index, layout.strides).reduce(0) { $0 + $1.0 * $1.1 } * size
    }
  }

  /// For each element of each value, the number of the element that was computed.
  private func origins(_ graph: ResolvedGraph, batch: Int) -> [[Int]] {
    let lengths: Graph.AxisLengths = ["batch": batch]
    let shapes = graph.graph.values.map { $0.shape.map { $0.length(lengths) } }
    var origins = shapes.enumerated().map { value, shape in (0..<shape.reduce(1, *)).map { value << 32 + $0 } }
    for (node, resolved) in zip(graph.graph.nodes, graph.nodes) where node.operation.onlyMovesElements {
      let inputs = resolved.valueInputs.map {
        ReferenceInterpreter.Array(shape: shapes[$0], data: origins[$0].map(Double.init))
      }
      let moved = ReferenceInterpreter.moved(node, inputs, shapes[resolved.output], lengths)
      origins[resolved.output] = moved.data.map { Int($0) }
    }
    return origins
  }
}

/// Which steps have nothing to do.
@Suite struct IdleStepTests {
  typealias Weights = ModelBuilder.Weights

  /// The names of the nodes without a job.
  func idle(_ builder: ModelBuilder, batch: Int) throws -> [String] {
    let session = try Session(builder.file())
    return try session.withExecution(batch: batch) { $0.steps.filter { $0.job == nil }.map(\.node.name) }
  }

  static func convolution(
    _ b: inout ModelBuilder, _ name: String, of x: String, to outputs: Int, kernel: Int = 3
  ) throws -> String {
    let channels = b.graph.value(named: x)?.shape[1].factor ?? 0
    let weight = try b.weight("\(name).w", outputs: outputs, inputs: kernel * kernel * channels, .init())
    return try b.graph.append(
      .convolution(
        .init(weight: weight, activation: .silu, kernel: [kernel, kernel], padding: [kernel / 2, kernel / 2])),
      named: name, of: [x])
  }

  /// A block of YOLOv8: half of the channels goes on, everything computed on the way is joined.
  @Test(arguments: [1, 3]) func `channels are cut and joined for nothing`(batch: Int) throws {
    var b = ModelBuilder(seed: 1)
    b.graph.appendInput("x", shape: [.batch, 6, 5, 7])
    let wide = try Self.convolution(&b, "wide", of: "x", to: 8, kernel: 1)
    let left = try b.graph.append(.slice(axis: 1, start: 0, end: 4), named: "left", of: [wide])
    var parts = [left, try b.graph.append(.slice(axis: 1, start: 4, end: 8), named: "right", of: [wide])]
    for i in 0..<2 {
      let inner = try Self.convolution(&b, "inner\(i)", of: parts[parts.count - 1], to: 4)
      parts.append(try b.graph.append(.add, named: "sum\(i)", of: [inner, parts[parts.count - 1]]))
    }
    let joined = try b.graph.append(.concatenate(axis: 1), named: "joined", of: parts)
    b.graph.outputs = [try Self.convolution(&b, "last", of: joined, to: 3, kernel: 1)]
    #expect(try idle(b, batch: batch) == ["left", "right", "joined"])
  }

  /// A neck of a detector: a map is made larger and joined to an earlier one, and the whole to a third.
  @Test(arguments: [1, 2]) func `joins nest, and a map that grows is written in place`(batch: Int) throws {
    var b = ModelBuilder(seed: 2)
    b.graph.appendInput("x", shape: [.batch, 3, 4, 4])
    let early = try Self.convolution(&b, "early", of: "x", to: 5)
    let small = try b.graph.append(
      .convolution(
        .init(
          weight: b.weight("s.w", outputs: 6, inputs: 45, .init()), kernel: [3, 3], stride: [2, 2], padding: [1, 1])),
      named: "small", of: [early])
    let apart = try b.graph.append(.reshape([.batch, 6, 2, 1, 2, 1]), named: "apart", of: [small])
    let grown = try b.graph.append(.expand([.batch, 6, 2, 2, 2, 2]), named: "grown", of: [apart])
    let large = try b.graph.append(.reshape([.batch, 6, 4, 4]), named: "large", of: [grown])
    let inner = try b.graph.append(.concatenate(axis: 1), named: "inner", of: [large, early])
    let third = try Self.convolution(&b, "third", of: inner, to: 4)
    let outer = try b.graph.append(.concatenate(axis: 1), named: "outer", of: [third, inner])
    b.graph.outputs = [outer, try Self.convolution(&b, "last", of: outer, to: 2)]
    #expect(try idle(b, batch: batch) == ["apart", "large", "inner", "outer"])
  }

  /// Oracle: the definition of softmax and of a normalisation is along the last axis, the width of an image.
  @Test func `an image whose channels are innermost is copied once for all who read it row by row`() throws {
    var b = ModelBuilder(seed: 4)
    b.graph.appendInput("x", shape: [.batch, 3, 4, 6])
    let image = try Self.convolution(&b, "image", of: "x", to: 8)
    let active = try b.graph.append(.activation(.gelu), named: "active", of: [image])
    let rows = try b.graph.append(.softmax, named: "rows", of: [active])
    let more = try b.graph.append(.layerNorm(weight: nil, bias: nil, epsilon: 1e-5), named: "more", of: [active])
    let tokens = try b.graph.append(.reshape([.batch, 8, 24]), named: "tokens", of: [active])
    b.graph.outputs = [rows, more, try b.graph.append(.permute([0, 2, 1]), named: "turned", of: [tokens])]
    let file = try b.file()
    let session = try Session(file)
    let steps = try session.withExecution(batch: 2) { $0.steps.map(\.node.name) }
    #expect(steps == ["image", "active", "rows, row-major", "rows", "more", "tokens", "turned"])
    #expect(try idle(b, batch: 2) == ["tokens"])
    let inputs = try session.randomInputs(batch: 2, seed: 4)
    for (found, expected) in zip(try session.run(inputs), ReferenceInterpreter.run(file, inputs, batch: 2)) {
      #expect(found.shape == expected.shape)
      #expect(found.floats.largestDifference(from: expected.data) <= 1e-4)
    }
    #expect(try session.profile(inputs, runs: 1).entries.map(\.name) == steps)
  }

  @Test(arguments: [1, 3]) func `channels behind the tokens are cut and joined for nothing`(batch: Int) throws {
    for type in [Graph.ElementType.float32, .int8] {
      var b = ModelBuilder(seed: 3)
      let isInteger = type == .int8
      let grid = isInteger ? Graph.Quantization(scale: 0.02, zeroPoint: 128) : nil
      let x = b.graph.appendInput(
        "x", type: isInteger ? .uint8 : .float32, shape: [.batch, 7, 24], quantization: grid)
      func linear(_ name: String, _ x: String, from: Int, to: Int) throws -> String {
        try b.graph.append(
          .linear(
            weight: b.weight("\(name).w", outputs: to, inputs: from, Weights(type: type)), bias: nil, activation: nil),
          named: name, of: [x], type: isInteger ? .uint8 : nil, quantization: grid)
      }
      let (one, two) = (try linear("one", x, from: 24, to: 9), try linear("two", x, from: 24, to: 15))
      let joined = try b.graph.append(.concatenate(axis: 2), named: "joined", of: [one, two])
      let half = try b.graph.append(.slice(axis: 2, start: 12, end: 24), named: "half", of: [joined])
      let first = try b.graph.append(.select(axis: 1, index: 0), named: "first", of: [joined])
      b.graph.outputs = [try linear("y", half, from: 12, to: 8), try linear("z", first, from: 24, to: 8)]
      #expect(try idle(b, batch: batch) == ["joined", "half", "first"])
    }
  }

  @Test func `queries, keys and values are read where they lie`() throws {
    var b = ModelBuilder(seed: 4)
    b.graph.appendInput("x", shape: [.batch, 5, 24])
    let streams = try (0..<3).map { i in
      try b.graph.append(
        .slice(axis: 2, start: .fixed(8 * i), end: .fixed(8 * i + 8)), named: "s\(i)", of: ["x"])
    }
    b.graph.outputs = [try b.graph.append(.attention(heads: 2, scale: 0.5), named: "y", of: streams)]
    #expect(try idle(b, batch: 2) == ["s0", "s1", "s2"])
  }

  @Test func `what cannot be in its place is copied, once`() throws {
    var b = ModelBuilder(seed: 5)
    b.graph.appendInput("x", shape: [.batch, 4, 6])
    let y = try b.graph.append(.activation(.silu), named: "y", of: ["x"])
    // An input is where the caller puts it, softmax writes without gaps, and nothing is in two places.
    let z = try b.graph.append(.softmax, named: "z", of: ["x"])
    b.graph.outputs = [try b.graph.append(.concatenate(axis: 2), named: "joined", of: ["x", y, y, z])]
    let session = try Session(b.file())
    try session.withExecution(batch: 2) { execution in
      // A tile of a copy is a token of a sample: those of x, of y again and of z.
      #expect(execution.steps.map { $0.job?.tiles } == [1, 1, 3 * 8])
    }
    let inputs = try session.randomInputs(batch: 2)
    #expect(try session.run(inputs) == [NodeByNode(b, inputs).values["joined"]])
  }

  /// A slice of a state is what it was, also after a node has changed the state.
  @Test func `a state that changes is copied before`() throws {
    var graph = Graph(name: "memory")
    graph.appendInput("x", shape: [2, 4])
    graph.appendState("past", shape: [2, 4])
    let before = try graph.append(.slice(axis: 1, start: 1, end: 3), named: "before", of: ["past"])
    let after = try graph.append(.assign, named: "now", of: ["past", "x"])
    let seen = try graph.append(.slice(axis: 1, start: 1, end: 3), named: "seen", of: [after])
    graph.outputs = [try graph.append(.concatenate(axis: 0), named: "y", of: [before, seen])]
    let session = try Session(ModelFile(graph, constants: []))
    var state = try session.makeState()
    func input(_ first: Float) -> NDArray { NDArray((0..<8).map { first + Float($0) }, shape: [2, 4]) }
    #expect(try session.run([input(10)], state: &state)[0].floats == [0, 0, 0, 0, 11, 12, 15, 16])
    #expect(try session.run([input(20)], state: &state)[0].floats == [11, 12, 15, 16, 21, 22, 25, 26])
  }
}

@Suite struct ValueLayoutTests {
  /// Oracle: numpy's rule, each case by hand.
  @Test func `a layout takes another shape where its axes step evenly`() {
    let whole = ValueLayout(packed: [2, 6, 4])
    let part = whole.narrowed(1, to: 2..<5)
    #expect((part.shape, part.strides, part.offset) == ([2, 3, 4], [24, 4, 1], 8))
    #expect(part.reshaped(to: [2, 12])?.strides == [24, 1])
    #expect(part.reshaped(to: [2, 1, 3, 2, 2])?.strides.suffix(3) == [4, 2, 1])
    #expect(part.reshaped(to: [6, 4]) == nil)
    #expect(part.reshaped(to: [24]) == nil)
    #expect(whole.reshaped(to: [48])?.strides == [1])
    let column = whole.narrowed(2, to: 1..<2).removing(2)
    #expect((column.shape, column.strides, column.offset) == ([2, 6], [24, 4], 1))
    #expect(column.reshaped(to: [12])?.strides == [4])
  }

  @Test func `kernels are promised what they get`() {
    let whole = ValueLayout(packed: [2, 6, 4, 5])
    func allowed(_ layout: ValueLayout) -> [Bool] {
      [.packed, .rows, .lines, .planes].map { layout.allows($0) }
    }
    let image = ValueLayout(channelsLast: [2, 6, 4, 5])
    #expect(image.strides == [120, 1, 30, 6])
    #expect(allowed(image) == [false, false, true, false])
    #expect(image.isDense && image.allows(.channelsLast) && image.positionStride == 6)
    let part = image.narrowed(1, to: 2..<5)
    #expect(!part.isDense && part.allows(.channelsLast) && part.allows(.lines) && part.positionStride == 6)
    #expect(!image.narrowed(2, to: 0..<2).allows(.channelsLast))
    #expect(!whole.allows(.channelsLast) && whole.narrowed(1, to: 1..<2).allows(.channelsLast) == false)
    // With one channel, or one position, both orders are the same.
    #expect(ValueLayout(packed: [2, 1, 4, 5]).allows(.channelsLast))
    #expect(ValueLayout(channelsLast: [2, 6, 1, 1]).allows(.packed))
    // Positions of an image are the tokens of a sequence, a step of all channels apart.
    #expect(image.reshaped(to: [2, 6, 20])?.strides == [120, 1, 6])
    #expect(image.reshaped(to: [2, 120]) == nil)
    #expect(allowed(whole) == [true, true, true, true])
    #expect(allowed(whole.narrowed(1, to: 1..<3)) == [false, false, true, true])
    #expect(allowed(whole.narrowed(0, to: 1..<2)) == [true, true, true, true])
    #expect(allowed(whole.narrowed(3, to: 1..<3)) == [false, true, true, false])
    #expect(allowed(whole.narrowed(2, to: 1..<3)) == [false, false, true, true])
    #expect(allowed(whole.narrowed(3, to: 1..<2)) == [false, true, false, false])
    #expect(allowed(whole.narrowed(3, to: 1..<2).removing(3)) == [false, false, false, false])
    #expect(whole.narrowed(3, to: 1..<3).rowStride == 5)
    #expect(ValueLayout(packed: [4]).rowStride == 4)
  }
}
