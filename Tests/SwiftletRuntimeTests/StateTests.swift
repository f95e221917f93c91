import RuntimeTestSupport
import Testing

@testable import SwiftletRuntime

@Suite(.everyInstructionSet, .namingInstructionSet) struct StateTests {
  /// Frames appended to a cache of 6, and the whole cache as output.
  static func cache() throws -> ModelFile {
    var graph = Graph(name: "cache", axes: [.init("frames", maximum: 4)])
    graph.appendInput("x", shape: [2, .axis("frames"), 3])
    graph.appendInput("position", type: .int64, shape: [1])
    graph.appendState("cache", shape: [2, 6, 3])
    let doubled = try graph.append(.add, named: "doubled", of: ["x", "x"])
    graph.outputs = [try graph.append(.append(axis: 1), named: "filled", of: ["cache", doubled, "position"])]
    return try ModelFile(graph, constants: [])
  }

  static func frames(_ first: Int, _ count: Int) -> NDArray {
    let elements = (0..<2).flatMap { row in (0..<count * 3).map { Float(100 * row + 3 * first + $0) } }
    return NDArray(elements, shape: [2, count, 3])
  }

  static func position(_ number: Int) -> NDArray { NDArray(.int64([Int64(number)]), shape: [1]) }

  /// Oracle: by hand. Row r, frame f, channel c holds 2 (100 r + 3 f + c) once it was appended, and 0 before.
  @Test func `three runs fill a cache, and a copy is a snapshot`() throws {
    let session = try Session(Self.cache(), threads: 2)
    func expected(_ count: Int) -> [Float] {
      (0..<2).flatMap { row in (0..<18).map { $0 < 3 * count ? 2 * Float(100 * row + $0) : 0 } }
    }
    var state = try session.makeState()
    var snapshots: [SessionState] = []
    for (first, count) in [(0, 2), (2, 1), (3, 3)] {
      let output = try session.run([Self.frames(first, count), Self.position(first)], state: &state)
      #expect(output[0].floats == expected(first + count))
      snapshots.append(state)
    }
    #expect(try session.run([Self.frames(2, 1), Self.position(2)], state: &snapshots[0])[0].floats == expected(3))
    // Without a state each run begins with zeros.
    #expect(try session.run([Self.frames(0, 1), Self.position(0)])[0].floats == expected(1))
    let inputs = ["position": Self.position(3), "x": Self.frames(3, 3)]
    #expect(try session.run(inputs, state: &snapshots[1])["filled"]?.floats == expected(6))
    try state.reset()
    #expect(try session.run([Self.frames(0, 4), Self.position(0)], state: &state)[0].floats == expected(4))
    // The other snapshots saw nothing of it.
    #expect(try session.run([Self.frames(5, 1), Self.position(5)], state: &snapshots[2])[0].floats == expected(6))
  }

  @Test func `a stream in pieces equals the convolution of the whole`() throws {
    var b = ModelBuilder(seed: 8)
    let frames = Graph.Dimension.axis("frames")
    b.graph.axes = [.init("frames", maximum: 32)]
    b.graph.appendInput("x", shape: [1, 4, 1, frames])
    b.graph.appendState("past", shape: [1, 4, 1, 2])
    let weight = try b.weight("w", outputs: 5, inputs: 12, .init())
    let joined = try b.graph.append(.concatenate(axis: 3), named: "joined", of: ["past", "x"])
    let y = try b.graph.append(
      .convolution(.init(weight: weight, kernel: [1, 3])), named: "y", of: [joined])
    let rest = try b.graph.append(
      .slice(axis: 3, start: frames, end: #require(frames.adding(2))), named: "rest", of: [joined])
    try b.graph.append(.assign, named: "kept", of: ["past", rest])
    b.graph.outputs = [y]
    let session = try Session(b.file(), threads: 2)
    let whole = try session.randomInputs(at: ["frames": 23])[0]
    let expected = try session.run([whole])[0].floats

    var (state, start) = (try session.makeState(), 0)
    for length in [1, 1, 7, 2, 12] {
      let piece = (0..<4).flatMap { whole.floats[$0 * 23 + start..<$0 * 23 + start + length] }
      let found = try session.run([NDArray(piece, shape: [1, 4, 1, length])], state: &state)[0].floats
      let part = (0..<5).flatMap { channel -> ArraySlice<Float> in
        expected[channel * 23 + start..<channel * 23 + start + length]
      }
      #expect(found == part)
      start += length
    }
  }

  @Test func `runs that would write beyond a state are refused`() throws {
    let session = try Session(Self.cache())
    for position in [-1, 5, 7, Int(Int64.max)] {
      let error = #expect(throws: SessionError.self) {
        try session.run([Self.frames(0, 2), Self.position(position)])
      }
      #expect(
        error?.description == "filled appends 2 from position \(position) on to a state of 6")
    }
    var other = try Session(ModelBuilder.visionTransformer().file()).makeState()
    #expect(throws: SessionError.foreignState) {
      try session.run([Self.frames(0, 2), Self.position(0)], state: &other)
    }
  }

  @Test func `a steady stream allocates nothing`() throws {
    let session = try Session(Self.cache())
    var state = try session.makeState()
    _ = try session.run([Self.frames(0, 1), Self.position(0)], state: &state)
    let number = state.memory.number
    for i in 1..<6 { _ = try session.run([Self.frames(i, 1), Self.position(i)], state: &state) }
    #expect(state.memory.number == number)
  }

  @Test func `what was a state is not read once it is changed`() throws {
    func refuses(_ expected: String, _ build: (inout Graph) throws -> Void) throws {
      var graph = Graph(name: "g")
      graph.appendInput("x", shape: [2, 3])
      graph.appendInput("position", type: .int64, shape: [])
      graph.appendState("s", shape: [2, 3])
      try build(&graph)
      let error = #expect(throws: GraphError.self) { try graph.validate() }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses("s is the memory of a state that a node has changed") {
      try $0.append(.assign, named: "a", of: ["s", "x"])
      $0.outputs = [try $0.append(.activation(.relu), named: "y", of: ["s"])]
    }
    try refuses("flat is the memory of a state") {
      try $0.append(.reshape([6]), named: "flat", of: ["s"])
      try $0.append(.assign, named: "a", of: ["s", "x"])
      $0.outputs = ["flat"]
    }
    try refuses("x is no state") { $0.outputs = [try $0.append(.assign, named: "a", of: ["x", "s"])] }
    try refuses("a state into itself") { $0.outputs = [try $0.append(.assign, named: "a", of: ["s", "s"])] }
    try refuses("is no input of the graph") {
      let moved = try $0.append(.reshape([1]), named: "moved", of: ["position"])
      $0.outputs = [try $0.append(.append(axis: 0), named: "a", of: ["s", "x", moved])]
    }
    try refuses("is no value of fixed lengths") {
      $0.values[2].shape[0] = .batch
      $0.outputs = ["s"]
    }
  }
}

@Suite struct PackedWeightsTests {
  @Test func `sessions of a model share its packed weights as long as one lives`() throws {
    let file = try ModelBuilder.visionTransformer(.init(type: .int8)).file()
    let (one, two) = (try Session(file, threads: 1), try Session(file, threads: 2))
    #expect(!one.weights.isEmpty)
    #expect(one.weights.allSatisfy { two.weights[$0] === $1 })
    let other = try Session(ModelBuilder.visionTransformer(.init(type: .int8)).file())
    #expect(one.weights.allSatisfy { other.weights[$0] !== $1 })
    let scalar = try Session(file, instructionSet: .scalar)
    if InstructionSet.best != .scalar { #expect(one.weights.allSatisfy { scalar.weights[$0] !== $1 }) }
    let inputs = try one.randomInputs(batch: 2)
    #expect(try one.run(inputs) == two.run(inputs))
  }
}
