import Testing

@testable import SwiftletRuntime

@Suite struct GraphTests {
  @Test func `a graph survives JSON`() throws {
    for weights in [ModelBuilder.Weights(), .init(type: .int8, pattern: .init(keeping: 2, of: 4))] {
      let graph = try ModelBuilder.visionTransformer(weights).graph
      let json = try graph.json()
      let read = try Graph(json: json)
      #expect(read == graph)
      #expect(try read.json() == json)
    }
  }

  /// Every operation, with every setting present and absent.
  @Test func `every operation survives JSON`() throws {
    let operations: [Graph.Operation] = [
      .patchify(patch: 16), .linear(weight: "w", bias: nil, activation: nil),
      .linear(weight: "w", bias: "b", activation: .silu), .layerNorm(weight: nil, bias: nil, epsilon: 1e-6),
      .layerNorm(weight: "w", bias: "b", epsilon: 1e-5), .activation(.sigmoid), .add, .multiply,
      .attention(heads: 3, scale: 0.125),
      .attention(heads: 3, scale: 0.125, windows: .init(side: 14, size: 7, shift: 3, biases: "b")),
      .attention(heads: 4, scale: 0.125, keyHeads: 2, causal: true, softCap: 30), .appendHeads(.keys),
      .cachedAttention(heads: 4, scale: 0.125), .cachedAttention(heads: 4, scale: 0.125, softCap: 20),
      .relativeAttention(heads: 4, scale: 0.1),
      .relativeAttention(heads: 4, scale: 0.1, contentBias: "u", positionBias: "v"),
      .attention(heads: 3, scale: 0.125, windows: .init(side: 7, size: 7)), .softmax, .softmax(causal: true),
      .matmul(transposesSecond: true),
      .reshape([.batch(3), 4]),
      .expand([.batch, 1]), .permute([1, 0]), .concatenate(axis: 1), .slice(axis: 0, start: 1, end: 2),
      .select(axis: 1, index: 0), .mean(axes: [1, 2], keepsAxes: true), .convert, .append(axis: 1), .assign,
      .convolution(
        .init(weight: "w", bias: "b", activation: .relu, kernel: [3, 3], stride: [2, 1], padding: [1, 1])),
      .convolution(.init(weight: "w", kernel: [1, 5], dilation: [1, 2], groups: 4)),
      .slice(axis: 1, start: 1, end: .axis("frames")),
      .convolution(.init(weight: "w", activation: .leakyRelu(slope: 0.1), kernel: [1, 3])),
      .transposedConvolution(.init(weight: "w", bias: "b", activation: .relu, kernel: [2, 2], stride: [2, 2])),
      .pool(.init(.max, kernel: [3, 3], stride: [2, 2], padding: [1, 1])),
      .resize(.init(.nearest, to: [8, 12])), .resize(.init(.nearest, to: [8, 12], factors: [2, 2])),
      .rmsNorm(weight: nil, epsilon: 1e-5), .rmsNorm(weight: "w", epsilon: 1e-6), .gate(.silu),
      .rotary(heads: 4, pairing: .halves, cosines: "c", sines: "s"), .embedding(table: "t"), .topK(5, .indices),
    ]
    #expect(Set(operations.map(\.name)) == Set(Graph.Operation.all.map { $0.name }))
    for operation in operations {
      let node = Graph.Node(name: "n", operation: operation, inputs: ["a", "b"], output: "y")
      let json = try JSONTools.encode(node)
      #expect(try JSONTools.decode(Graph.Node.self, json) == node)
    }
  }

  static let refusals: [(what: String, from: String, to: String, expected: String)] = [
    ("version", #""version":2"#, #""version":3"#, "has version 3, this program reads versions 1 to 2"),
    ("unknown key", #""name":"test""#, #""name":"test","extra":1"#, #"unknown key "extra""#),
    ("unknown setting", #""patch":4"#, #""patch":4,"heads":2"#, #"nodes[0]: unknown key "heads""#),
    ("missing key", #","patch":4"#, "", #"nodes[0]: the key "patch" is missing"#),
    ("operation", #""operation":"patchify""#, #""operation":"fold""#, #"unknown operation "fold" at nodes[0]"#),
    ("dimension", #"["batch",3,8,8]"#, #"["bitch",3,8,8]"#, "is no dimension"),
    ("wrong type", #""patch":4"#, #""patch":"4""#, "nodes[0].patch: expected a whole number here"),
    ("zero dimension", #"["batch",3,8,8]"#, #"["batch",0,8,8]"#, "images"),
    ("huge dimension", #"["batch",3,8,8]"#, #"["batch",3,8,9223372036854775807]"#, "images"),
    ("overflowing shape", #"["batch",3,8,8]"#, #"["batch",2147483648,2147483648,2147483648]"#, "too many elements"),
    ("patch", #""patch":4"#, #""patch":3"#, "do not divide into patches of 3"),
    ("zero patch", #""patch":4"#, #""patch":0"#, "do not divide into patches of 0"),
    ("heads", #""heads":2"#, #""heads":5"#, "5 heads do not divide a width of 16"),
    ("scale", #""scale":0.35"#, #""scale":1e999"#, "it is not JSON"),
    ("epsilon", #""epsilon":1e-06"#, #""epsilon":-1"#, "epsilon"),
    (
      "cycle", #""inputs":["images"],"name":"patches""#, #""inputs":["cls_out"],"name":"patches""#,
      "which nothing before it computes"
    ),
    ("dangling", #""inputs":["patches"]"#, #""inputs":["nobody"]"#, "reads nobody"),
    ("output", #""outputs":["head"]"#, #""outputs":["nobody"]"#, "nobody"),
    ("no outputs", #""outputs":["head"]"#, #""outputs":[]"#, "no input or no output"),
    ("index", #""index":0"#, #""index":5"#, "the index 5 lies outside axis 1"),
    ("axis", #""axis":1,"index":0"#, #""axis":7,"index":0"#, "has no axis 7"),
    ("batch axis", #""axis":1,"index":0"#, #""axis":0,"index":0"#, "is the batch"),
    (
      "classes", #""classes":["cat","dog","bird"]"#, #""classes":["cat","dog"]"#,
      "there are 2, the first output has 3 scores"
    ),
    ("deviation", #""deviation":[0.229"#, #""deviation":[0"#, "deviations above 0"),
    ("weight", #""weight":"patch_embed.weight""#, #""weight":"gone""#, "no constant named gone"),
    ("constant type", #""type":"f32""#, #""type":"f33""#, "f33"),
    ("not JSON", #"{"axes""#, #"{axes"#, "it is not JSON"),
  ]

  @Test(arguments: refusals) func `a forged graph is refused with its reason`(
    refusal: (what: String, from: String, to: String, expected: String)
  ) throws {
    let text = String(decoding: try ModelBuilder.visionTransformer().graph.json(), as: UTF8.self)
    try #require(text.contains(refusal.from), "the fixture holds \(refusal.from)")
    let forged = text.replacing(refusal.from, with: refusal.to, maxReplacements: 1)
    let error = try #require(throws: GraphError.self) { try Graph(json: Array(forged.utf8)) }
    #expect(error.description.contains(refusal.expected), "\(refusal.what): \(error)")
    #expect(!error.description.contains("\n"))
  }

  @Test(arguments: [(5, 4), (0, 4), (1, 65), (0, 0), (-1, 4)])
  func `a pattern that is none is refused with its place`(kept: Int, group: Int) throws {
    let sparse = try ModelBuilder.visionTransformer(.init(type: .int8, pattern: .init(keeping: 2, of: 4))).graph
    let text = String(decoding: try sparse.json(), as: UTF8.self)
    let pattern = (from: #""group":4,"kept":2"#, to: #""group":\#(group),"kept":\#(kept)"#)
    let forged = text.replacing(pattern.from, with: pattern.to, maxReplacements: 1)
    let error = try #require(throws: GraphError.self) { try Graph(json: Array(forged.utf8)) }
    #expect(error.description.contains("the pattern \(kept):\(group)"))
    #expect(error.description.contains(".encoding"))
  }

  @Test func `quantized graphs are refused with impossible scales, zero points and patterns`() throws {
    let b = try ModelBuilder.visionTransformer(.init(type: .int8, pattern: .init(keeping: 2, of: 4)))
    func refuses(_ change: (inout Graph) -> Void, _ expected: String) {
      var graph = b.graph
      change(&graph)
      let error = #expect(throws: GraphError.self) { try graph.validate() }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    let quantized = b.graph.values.firstIndex { $0.type == .uint8 }!
    let sparse = b.graph.constants.firstIndex { $0.encoding.pattern != nil }!
    refuses({ $0.values[quantized].quantization?.scale = .nan }, "the scale is nan")
    refuses({ $0.values[quantized].quantization?.scale = 0 }, "the scale is 0.0")
    refuses({ $0.values[quantized].quantization?.scale = -1 }, "the scale is -1.0")
    refuses({ $0.values[quantized].quantization?.scale = .infinity }, "the scale is inf")
    refuses({ $0.values[quantized].quantization?.zeroPoint = 256 }, "the zero point is 256")
    refuses({ $0.values[quantized].quantization = nil }, "exactly when it is u8")
    refuses({ $0.values[quantized].type = .float32 }, "exactly when it is u8")
    refuses({ $0.constants[sparse].encoding = .sparse(.init(keeping: 1, of: 7), .int8) }, "divide into groups of 7")
    refuses({ $0.constants[sparse].encoding = .sparse(.init(keeping: 2, of: 4), .int64) }, "found i64")
    refuses({ $0.constants[sparse].encoding = .dense(.float32) }, "the input is u8, expected f32")
    refuses({ $0.constants.append($0.constants[0]) }, "the name is used twice")
    refuses({ $0.constants.append(.init(name: "idle", shape: [1])) }, "no node uses this constant")
    refuses({ $0.values.append(.init(name: "idle", shape: [1])) }, "nothing computes this value")
    refuses({ $0.nodes.append($0.nodes[0]) }, "computed twice")
    refuses({ $0.values[0].name = "" }, "1 to 512 bytes")
    refuses({ $0.values = Array(repeating: $0.values[0], count: 20_000) }, "are more than")
    refuses({ $0.metadata.preprocessing?.mean = [] }, "mean and deviation")
    refuses({ $0.metadata.preprocessing?.mean = [0.5] }, "mean and deviation")
    refuses(
      {
        $0.metadata.preprocessing?.mean = [0, 0]
        $0.metadata.preprocessing?.deviation = [1, 1]
      }, "or one each")
    refuses({ $0.metadata.preprocessing?.resize = .shortestSide(4) }, "does not cover")
    refuses({ $0.metadata.preprocessing?.resize = .stretchTo(height: 8, width: 4) }, "does not cover")
    refuses({ $0.metadata.preprocessing?.resize = .cover(height: 8, width: 1 << 20) }, "does not cover")
    refuses({ $0.metadata.preprocessing?.height = 0 }, "out of range")
  }

  @Test(arguments: [
    (4, 3, 0, 2, "windows of 3 do not tile a map of 4"), (4, 0, 0, 2, "windows of 0 do not tile"),
    (4, 2, 2, 2, "shifted by 2, expected 0 to 1"), (4, 2, -1, 2, "shifted by -1"),
    (8, 2, 1, 2, "a map of 8 need 64 queries and keys and no mask, found 16 queries and 16 keys"),
    (4, 4, 0, 2, "biases has shape [9, 2], expected [49, 2]"), (4, 2, 1, 4, "biases has shape [9, 2], expected [9, 4]"),
    (1 << 62, 1 << 62, 0, 2, "or are too large"), (-4, -2, 0, 2, "do not tile"),
  ])
  func `windows that do not fit are refused`(side: Int, size: Int, shift: Int, heads: Int, expected: String) throws {
    var graph = Graph(name: "g")
    graph.appendInput("x", shape: [.batch, 16, 24])
    graph.appendInput("mask", shape: [16, 16])
    graph.constants = [.init(name: "biases", shape: [9, 2])]
    func message(_ windows: Graph.AttentionWindows, of inputs: [String]) -> String {
      let error = #expect(throws: GraphError.self) {
        try graph.append(.attention(heads: heads, scale: 1, windows: windows), named: "y", of: inputs)
      }
      return error?.description ?? ""
    }
    #expect(message(.init(side: side, size: size, shift: shift, biases: "biases"), of: ["x"]).contains(expected))
    #expect(message(.init(side: 4, size: 2), of: ["x", "mask"]).contains("16 keys and a mask"))
    #expect(message(.init(side: 4, size: 2, biases: "nobody"), of: ["x"]).contains("no constant named nobody"))
  }

  @Test func `appending refuses what does not fit and says why`() throws {
    var graph = Graph(name: "g")
    graph.appendInput("x", shape: [.batch, 3, 4])
    let cases: [(Graph.Operation, String)] = [
      (.softmax, ""), (.reshape([.batch, 13]), "cannot be reshaped"), (.reshape([3, 4]), "cannot be reshaped"),
      (.permute([0, 0, 1]), "is no order"), (.expand([.batch, 3, 5]), "broadcast"),
      (.select(axis: 1, index: -1), "outside"),
      (.slice(axis: 1, start: 2, end: 2), "does not lie in"), (.mean(axes: [0], keepsAxes: false), "is the batch"),
      (.mean(axes: [], keepsAxes: true), "not neighbours"),
      (.matmul(transposesSecond: false), "expected 2 inputs, found 1"),
      (.attention(heads: 1, scale: .nan), "the scale is nan"),
      (.linear(weight: "w", bias: nil, activation: nil), "no constant named w"),
      (.patchify(patch: 1), "expected an image"), (.concatenate(axis: 5), "no axis 5"),
    ]
    for (operation, expected) in cases {
      if expected.isEmpty {
        #expect(try graph.append(operation, named: "y", of: ["x"]) == "y")
        continue
      }
      let error = #expect(throws: GraphError.self) { try graph.append(operation, named: "z", of: ["x"]) }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    #expect(graph.nodes.count == 1)
  }
}
