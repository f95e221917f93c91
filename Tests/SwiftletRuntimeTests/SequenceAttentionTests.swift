import RuntimeTestSupport
import SwiftletBenchmarkKit
import Testing

@testable import SwiftletRuntime

/// Attention of language models and conformers.
@Suite struct SequenceAttentionTests {
  /// Oracle: the definition in double precision. A segment is 256 keys.
  @Test(arguments: [
    (2, 2, 5, 5, 4), (4, 2, 7, 7, 5), (6, 1, 1, 9, 20), (3, 3, 4, 600, 3), (2, 1, 262, 262, 1), (2, 1, 2, 2, 256),
  ])
  func `causal and grouped attention equals the definition`(
    heads: Int, keyHeads: Int, queries: Int, keys: Int, width: Int
  ) throws {
    let check = OperationTests()
    let (q, k): (Graph.Shape, Graph.Shape) = (
      [.batch, .fixed(queries), .fixed(heads * width)], [.batch, .fixed(keys), .fixed(keyHeads * width)]
    )
    for (causal, cap) in [(true, nil), (false, nil), (true, 1.5)] {
      let operation = Graph.Operation.attention(
        heads: heads, scale: 0.4, keyHeads: keyHeads, causal: causal, softCap: cap)
      try check.checkNode(operation, [q, k, k])
      if queries < 100 { try check.checkNode(operation, [q, k, k, [.fixed(queries), .fixed(keys)]]) }
      guard queries == keys else { continue }
      let packed: Graph.Shape = [.batch, .fixed(keys), .fixed((heads + 2 * keyHeads) * width)]
      try check.checkNode(operation, [packed])
    }
  }

  /// The query whose scores are all NaN has no greatest score, as one that sees nothing, whose result is zeros.
  @Test(.everyInstructionSet, .namingInstructionSet) func `a query of NaN gives NaN, and the others their numbers`()
    throws
  {
    let (tokens, width, broken) = (5, 6, 2)
    var b = ModelBuilder(seed: 3)
    let inputs = ["q", "k", "v"].map { b.graph.appendInput($0, shape: [.batch, .fixed(tokens), .fixed(width)]) }
    b.graph.outputs = [
      try b.graph.append(.attention(heads: 2, scale: 0.5, causal: true), named: "y", of: inputs)
    ]
    let session = try Session(b.file())
    var random = Random(seed: 4)
    var streams = (0..<3).map { _ in random.floats(tokens * width) }
    func run() throws -> [Float] {
      try session.run(streams.map { NDArray($0, shape: [1, tokens, width]) })[0].floats
    }
    let whole = try run()
    for i in 0..<width { streams[0][broken * width + i] = .nan }
    for (i, (found, expected)) in zip(try run(), whole).enumerated() {
      #expect(i / width == broken ? found.isNaN : found == expected, "element \(i)")
    }
  }

  /// Oracle: the definition in double precision.
  @Test func `a causal softmax gives later keys nothing`() throws {
    for (queries, keys) in [(1, 1), (5, 5), (3, 40)] {
      try OperationTests().checkNode(.softmax(causal: true), [[.batch, 2, .fixed(queries), .fixed(keys)]])
    }
  }

  /// Oracle: the definition in double precision.
  @Test(arguments: [(1, 1, 1), (2, 5, 3), (3, 40, 4), (1, 262, 1)])
  func `attention by distances equals the definition`(heads: Int, tokens: Int, width: Int) throws {
    for hasBiases in [true, false] {
      var b = ModelBuilder(seed: 9)
      let x: Graph.Shape = [.batch, .fixed(tokens), .fixed(heads * width)]
      var inputs = ["q", "k", "v"].map { b.graph.appendInput($0, shape: x) }
      let distances: Graph.Shape = [.fixed(2 * tokens - 1), .fixed(heads * width)]
      inputs.append(b.graph.appendInput("r", shape: hasBiases ? distances : [1] + distances))
      let biases = hasBiases ? try ["u", "v"].map { try b.constant($0 + "Bias", [heads, width]) } : []
      let operation = Graph.Operation.relativeAttention(
        heads: heads, scale: 0.4, contentBias: biases.first, positionBias: biases.last)
      b.graph.outputs = [try b.graph.append(operation, named: "y", of: inputs)]
      try OperationTests().check(b, "\(heads) heads, \(tokens) tokens")
    }
  }

  /// A sample that is shorter than its batch gives what it gives alone, bit for bit, with the distances that it has.
  @Test(.everyInstructionSet, .namingInstructionSet) func `padding changes nothing`() throws {
    let (tokens, width) = (Graph.Dimension.axis("tokens"), 12)
    var b = ModelBuilder(seed: 10)
    b.graph.axes = [.init("tokens", maximum: 64), .init("batch", maximum: 8)]
    var inputs = ["q", "k", "v"].map { b.graph.appendInput($0, shape: [.batch, tokens, .fixed(width)]) }
    let distances = try #require(tokens.multiplied(by: 2)?.adding(-1))
    inputs.append(b.graph.appendInput("r", shape: [distances, .fixed(width)]))
    inputs.append(b.graph.appendInput("lengths", type: .int64, shape: [.batch]))
    b.graph.outputs = [
      try b.graph.append(.relativeAttention(heads: 2, scale: 0.5), named: "y", of: inputs)
    ]
    let session = try Session(b.file(), threads: 2)
    let (longest, lengths) = (40, [40, 1, 17, 0])
    var random = Random(seed: 11)
    let streams = (0..<3).map { _ in random.floats(lengths.count * longest * width) }
    let r = random.floats((2 * longest - 1) * width)
    let whole = try session.run(
      streams.map { NDArray($0, shape: [lengths.count, longest, width]) }
        + [NDArray(r, shape: [2 * longest - 1, width]), NDArray(.int64(lengths.map(Int64.init)), shape: [4])])[0].floats
    for (i, length) in lengths.enumerated() {
      let start = i * longest * width
      guard length > 0 else {
        #expect(whole[start...].allSatisfy { $0 == 0 })
        continue
      }
      let alone = try session.run(
        streams.map { NDArray(Array($0[start..<start + length * width]), shape: [1, length, width]) } + [
          NDArray(
            Array(r[(longest - length) * width..<(longest + length - 1) * width]), shape: [2 * length - 1, width]),
          NDArray(.int64([Int64(length)]), shape: [1]),
        ])[0].floats
      #expect(alone == Array(whole[start..<start + length * width]), "length \(length)")
    }
  }

  // MARK: Caches

  static let heads = 4, keyHeads = 2, width = 20, capacity = 320

  /// Queries, keys and values side by side in, attention on a cache out.
  static func cached(_ type: Graph.ElementType) throws -> ModelFile {
    var graph = Graph(name: "cached", axes: [.init("tokens", maximum: capacity)])
    let tokens = Graph.Dimension.axis("tokens")
    let cache = Graph.HeadCache(heads: keyHeads, width: width, capacity: capacity)
    let (wide, narrow) = (heads * width, keyHeads * width)
    graph.appendInput("x", shape: [1, tokens, .fixed(wide + 2 * narrow)])
    graph.appendInput("position", type: .int64, shape: [1])
    graph.appendState("keys", type: type, shape: cache.keyShape)
    graph.appendState("values", type: type, shape: cache.valueShape)
    func part(_ name: String, _ start: Int, _ end: Int) throws -> String {
      try graph.append(.slice(axis: 2, start: .fixed(start), end: .fixed(end)), named: name, of: ["x"])
    }
    let q = try part("q", 0, wide)
    let k = try graph.append(
      .appendHeads(.keys), named: "k", of: ["keys", part("newKeys", wide, wide + narrow), "position"])
    let v = try graph.append(
      .appendHeads(.values), named: "v",
      of: ["values", part("newValues", wide + narrow, wide + 2 * narrow), "position"])
    graph.outputs = [
      try graph.append(.cachedAttention(heads: heads, scale: 0.4), named: "y", of: [q, k, v, "position"])
    ]
    return try ModelFile(graph, constants: [])
  }

  static func prompt(_ tokens: Int, seed: UInt64) -> NDArray {
    var random = Random(seed: seed)
    let row = (heads + 2 * keyHeads) * width
    return NDArray(random.floats(tokens * row, -2...2), shape: [1, tokens, row])
  }

  /// Runs a prompt in pieces of these lengths; fewer threads than pieces, and more.
  static func run(
    _ file: ModelFile, _ prompt: NDArray, pieces: [Int], threads: Int = 2
  ) throws -> [Float] {
    let session = try Session(file, threads: threads)
    var (state, start, result) = (try session.makeState(), 0, [Float]())
    let row = prompt.shape[2]
    for length in pieces {
      let piece = NDArray(Array(prompt.floats[start * row..<(start + length) * row]), shape: [1, length, row])
      result += try session.run([piece, NDArray(.int64([Int64(start)]), shape: [1])], state: &state)[0].floats
      start += length
    }
    return result
  }

  @Test(.everyInstructionSet, .namingInstructionSet, arguments: [Graph.ElementType.float32, .bfloat16, .float16])
  func `a prompt at once, in pieces and token by token is the same, bit for bit`(type: Graph.ElementType) throws {
    let file = try Self.cached(type)
    let tokens = 300
    let prompt = Self.prompt(tokens, seed: 12)
    let whole = try Self.run(file, prompt, pieces: [tokens])
    #expect(whole.allSatisfy { $0.isFinite })
    for (pieces, threads) in [
      ([1, 255, 1, 43], 1), ([32, 32, 200, 36], 3), ([7, 100, 3, 190], 2),
      ([250] + Array(repeating: 1, count: 50), 2), (Array(repeating: 3, count: 20) + [190, 50], 5),
    ] {
      #expect(try Self.run(file, prompt, pieces: pieces, threads: threads) == whole, "\(pieces.prefix(4)), \(threads)")
    }

    // Without a cache: exactly with floats, and otherwise but for the rounding of keys and values.
    var graph = Graph(name: "plain")
    graph.appendInput("x", shape: [1, .fixed(tokens), .fixed(prompt.shape[2])])
    let attention = Graph.Operation.attention(heads: Self.heads, scale: 0.4, keyHeads: Self.keyHeads, causal: true)
    graph.outputs = [try graph.append(attention, named: "y", of: ["x"])]
    let plain = try Session(ModelFile(graph, constants: []), threads: 2).run([prompt])[0].floats
    let difference = zip(plain, whole).map { abs($0 - $1) }.max() ?? .infinity
    // Scores of 20 products up to 4, times 0.4; a step of bf16 is 2^-8 of a number, of f16 2^-11.
    #expect(type == .float32 ? difference == 0 : difference < (type == .bfloat16 ? 0.15 : 0.02))
  }

  @Test func `a cache refuses positions and shapes that it has no room for`() throws {
    let session = try Session(Self.cached(.float32))
    for (position, count) in [(-1, 1), (Self.capacity, 1), (Self.capacity - 3, 4)] {
      let error = #expect(throws: SessionError.self) {
        try session.run([Self.prompt(count, seed: 1), NDArray(.int64([Int64(position)]), shape: [1])])
      }
      #expect(error?.description.hasSuffix("from position \(position) on to a state of 320") == true)
    }

    func refuses(_ expected: String, _ build: (inout Graph) throws -> Void) throws {
      var graph = Graph(name: "g")
      graph.appendInput("x", shape: [1, 4, 24])
      graph.appendInput("bytes", type: .uint8, shape: [1, 4, 24], quantization: .init(scale: 1, zeroPoint: 0))
      graph.appendInput("position", type: .int64, shape: [1])
      let cache = Graph.HeadCache(heads: 2, width: 12, capacity: 33)
      graph.appendState("keys", type: .float16, shape: cache.keyShape)
      graph.appendState("values", type: .float16, shape: cache.valueShape)
      let error = #expect(throws: GraphError.self) {
        try build(&graph)
        try graph.validate()
      }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses("[1, 4, 24] cannot be kept as values in [1, 2, 2, 12, 32]") {
      try $0.append(.appendHeads(.values), named: "a", of: ["keys", "x", "position"])
    }
    try refuses("only constants and states can be f16") {
      $0.outputs = [try $0.append(.appendHeads(.keys), named: "a", of: ["keys", "x", "position"])]
    }
    try refuses("are no cache of keys and values") {
      try $0.append(.cachedAttention(heads: 2, scale: 1), named: "a", of: ["x", "values", "keys", "position"])
    }
    try refuses("3 heads cannot share 2 heads of keys") {
      try $0.append(.cachedAttention(heads: 3, scale: 1), named: "a", of: ["x", "keys", "values", "position"])
    }
    try refuses("are no queries of 4 heads") {
      try $0.append(.cachedAttention(heads: 4, scale: 1), named: "a", of: ["x", "keys", "values", "position"])
    }
    try refuses("is no input of the graph") {
      let moved = try $0.append(.reshape([1]), named: "moved", of: ["position"])
      $0.outputs = [
        try $0.append(.cachedAttention(heads: 2, scale: 1), named: "a", of: ["x", "keys", "values", moved])
      ]
    }
    try refuses("the input is u8, expected f32 or bf16") {
      try $0.append(.attention(heads: 2, scale: 1, causal: true), named: "a", of: ["bytes", "bytes", "bytes"])
    }
    try refuses("5 heads cannot share 2 heads of keys") {
      try $0.append(.attention(heads: 5, scale: 1, keyHeads: 2), named: "a", of: ["x"])
    }
    try refuses("are no distances of [1, 4, 24]") {
      try $0.append(.relativeAttention(heads: 2, scale: 1), named: "a", of: ["x", "x", "x", "x"])
    }
    try refuses("scores cannot be capped at -1") {
      try $0.append(.attention(heads: 2, scale: 1, softCap: -1), named: "a", of: ["x", "x", "x"])
    }
  }

  @Test func `settings that are not there are not written`() throws {
    let node = Graph.Node(name: "n", operation: .attention(heads: 2, scale: 0.5), inputs: ["x"], output: "y")
    let text = String(decoding: try JSONTools.encode(node), as: UTF8.self)
    for key in ["keyHeads", "causal", "softCap", "windows"] { #expect(!text.contains(key)) }
  }
}
