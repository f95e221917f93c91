import RuntimeTestSupport
import SwiftletBenchmarkKit
import Testing

@testable import SwiftletRuntime

@Suite(.everyInstructionSet, .namingInstructionSet) struct MemoryPlanTests {
  /// A graph of random nodes over random earlier values.
  static func randomGraph(seed: UInt64) throws -> Graph {
    var random = Random(seed: seed)
    var graph = Graph(name: "random \(seed)")
    var names = [graph.appendInput("x0", shape: [.batch, 4, 6]), graph.appendInput("x1", shape: [.batch, 4, 6])]
    for i in 0..<random.int(1...40) {
      let a = names[random.int(0...names.count - 1)]
      let b = names[random.int(0...names.count - 1)]
      let shape = graph.value(named: a)?.shape ?? []
      let operation: Graph.Operation
      var inputs = [a]
      switch random.int(0...6) {
      case 0: operation = .activation(.relu)
      case 1:
        operation = .add
        inputs = graph.value(named: b)?.shape == shape ? [a, b] : [a, a]
      case 2: operation = .softmax
      case 3: operation = .reshape([.batch, .fixed(shape.dropFirst().reduce(1) { $0 * $1.factor })])
      case 4: operation = .layerNorm(weight: nil, bias: nil, epsilon: 1e-5)
      case 5: operation = .concatenate(axis: shape.count - 1)
      default:
        operation = .multiply
        inputs = [a, a]
      }
      names.append(try graph.append(operation, named: "n\(i)", of: inputs))
    }
    graph.outputs = Array(Set([names[names.count - 1], names[random.int(2...names.count - 1)]]))
    return graph
  }

  /// Oracle: liveness by definition. A value is alive from the step that computes it to the last that reads it.
  @Test(arguments: 0..<200) func `no two values that live together share bytes`(seed: UInt64) throws {
    let graph = try Self.randomGraph(seed: seed)
    try graph.validate()
    let resolved = ResolvedGraph(graph)
    for batch in [1, 3] {
      let plan = try MemoryPlan(resolved, ["batch": batch])
      var lives = [ClosedRange<Int>](repeating: -1 ... -1, count: graph.values.count)
      for (step, node) in resolved.nodes.enumerated() { lives[node.output] = step...step }
      for (step, node) in resolved.nodes.enumerated() {
        for value in node.valueInputs { lives[value] = lives[value].lowerBound...step }
      }
      for output in resolved.outputs { lives[output] = lives[output].lowerBound...resolved.nodes.count }
      func bytes(_ value: Int) -> Range<Int> {
        let start = plan.offset(ofValue: value)
        return start..<start + resolved.value(value).elementCount(["batch": batch])
          * resolved.value(value).type.byteCount
      }
      for a in graph.values.indices {
        #expect(bytes(a).upperBound <= plan.arenaByteCount)
        #expect(bytes(a).lowerBound % 64 == 0)
        for b in graph.values.indices where a < b && lives[a].overlaps(lives[b]) && bytes(a).overlaps(bytes(b)) {
          // Legal only for the same memory under another name, or an output in the place of an input that ends there.
          let sameMemory = plan.blockOfValue[a] == plan.blockOfValue[b]
          let handsOver = lives[a].upperBound == lives[b].lowerBound || lives[b].upperBound == lives[a].lowerBound
          let isReshape = reshapes(resolved, a, b)
          #expect(
            sameMemory && (handsOver || isReshape), "seed \(seed): \(graph.values[a].name), \(graph.values[b].name)")
        }
      }
    }
  }

  /// Whether both values are reshapes of one, or all that is joined: they have the same elements.
  private func reshapes(_ graph: ResolvedGraph, _ a: Int, _ b: Int) -> Bool {
    func origin(_ value: Int) -> Int {
      for node in graph.nodes where node.output == value {
        let isWhole = node.operation is Graph.Reshape || node.operation is Graph.Concatenate && node.inputs.count == 1
        if isWhole, let source = node.valueInputs.first { return origin(source) }
      }
      return value
    }
    return origin(a) == origin(b)
  }

  /// Oracle: the naive reference, which shares no memory.
  @Test(arguments: 0..<40) func `sharing memory does not change results`(seed: UInt64) throws {
    let file = try ModelFile(Self.randomGraph(seed: seed), constants: [])
    let session = try Session(file, threads: 2)
    let inputs = try session.randomInputs(batch: 2, seed: seed)
    let expected = ReferenceInterpreter.run(file, inputs, batch: 2)
    for (output, reference) in zip(try session.run(inputs), expected) {
      let scale = reference.data.map(abs).max() ?? 1
      #expect(output.floats.largestDifference(from: reference.data) <= 1e-4 * max(1, scale), "seed \(seed)")
    }
  }

  @Test func `a chain of layers needs two places`() throws {
    var graph = Graph(name: "chain")
    var x = graph.appendInput("x", shape: [.batch, 64])
    for i in 0..<10 { x = try graph.append(.layerNorm(weight: nil, bias: nil, epsilon: 1e-5), named: "n\(i)", of: [x]) }
    graph.outputs = [x]
    #expect(try MemoryPlan(ResolvedGraph(graph), ["batch": 1]).arenaByteCount == 2 * 256)
    #expect(try MemoryPlan(ResolvedGraph(graph), ["batch": 5]).arenaByteCount == 2 * 5 * 256)
  }

  @Test func `elementwise chains run in place`() throws {
    var graph = Graph(name: "chain")
    var x = graph.appendInput("x", shape: [.batch, 64])
    for i in 0..<10 { x = try graph.append(.activation(.gelu), named: "n\(i)", of: [x]) }
    graph.outputs = [x]
    #expect(try MemoryPlan(ResolvedGraph(graph), ["batch": 1]).arenaByteCount == 256)
  }

  @Test func `a batch that is empty or beyond memory is refused`() throws {
    let graph = ResolvedGraph(try ModelBuilder.visionTransformer().graph)
    #expect(throws: SessionError.axis("batch", 0, maximum: 1 << 20)) { try MemoryPlan(graph, ["batch": 0]) }
    #expect(throws: SessionError.axis("batch", 1 << 21, maximum: 1 << 20)) {
      try MemoryPlan(graph, ["batch": 1 << 21])
    }
    var large = Graph(name: "large")
    large.appendInput("x", shape: [.batch, .fixed(1 << 20), .fixed(1 << 20)])
    large.outputs = [try large.append(.softmax, named: "y", of: ["x"])]
    try large.validate()
    let error = #expect(throws: SessionError.self) { try MemoryPlan(ResolvedGraph(large), ["batch": 1 << 20]) }
    #expect(error?.description.contains("bytes of memory are not available") == true)
  }
}
