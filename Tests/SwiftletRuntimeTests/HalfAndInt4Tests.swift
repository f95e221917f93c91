import RuntimeTestSupport
import TestSupport
import Testing

@testable import SwiftletRuntime

/// Weights that are kept in f16, or in 4 bits with a scale and an offset a group.
@Suite(.everyInstructionSet, .namingInstructionSet) struct HalfAndInt4Tests {
  /// A file whose one layer has the weight `w`.
  static func file(_ weight: EncodedConstant) throws -> ModelFile {
    var b = ModelBuilder(seed: 1)
    b.graph.appendInput("x", shape: [.batch, .fixed(weight.constant.shape[1])])
    b.graph.outputs = [
      try b.graph.append(
        .linear(weight: b.add(weight), bias: b.constant("b", [weight.constant.shape[0]]), activation: .gelu),
        named: "y", of: ["x"])
    ]
    return try b.file()
  }

  /// Hand: -1 to 0.875 in steps of an eighth, twice, and a group that is 3 throughout.
  @Test func `int4 groups have the bytes that the format says`() throws {
    let steps = (0..<32).map { -1 + Float($0 % 16) / 8 }
    let weight = try EncodedConstant(
      name: "w", shape: [2, 32], floats: steps + [Float](repeating: 3, count: 32), int4GroupsOf: 32)
    let codes: [UInt8] = [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]
    #expect(try weight.bytes[0] == codes + codes + [UInt8](repeating: 0, count: 16))
    // 0.125 and 0; -1 and 3.
    #expect(try weight.bytes[1] == [0x00, 0x30, 0x00, 0x00])
    #expect(try weight.bytes[2] == [0x00, 0xBC, 0x00, 0x42])
    let file = try Self.file(weight)
    #expect(file.stored.decodedRows(0..<2, of: weight.constant) == steps + [Float](repeating: 3, count: 32))
    #expect(file.stored.decodedRows(1..<2, of: weight.constant) == [Float](repeating: 3, count: 32))
  }

  /// Law: every weight is at most half a step off, wherever the group lies.
  @Test(arguments: [32, 64, 128]) func `a weight in 4 bits is at most half a step off`(size: Int) throws {
    var random = Random(seed: UInt64(size))
    let ranges: [ClosedRange<Float>] = [
      -1...1, 5...6, -6...(-5), 0...1e-7, -1e-3...1e-3, -65504...65504, 65000...65504, -0.3...1e4, 2...2,
    ]
    let floats = ranges.flatMap { random.floats(2 * size, $0) }
    let weight = try EncodedConstant(name: "w", shape: [ranges.count, 2 * size], floats: floats, int4GroupsOf: size)
    let file = try Self.file(weight)
    let decoded = file.stored.decodedRows(0..<ranges.count, of: weight.constant)
    let scales = Array(file.stored.tensor("w.scales").bindMemory(to: Float16.self))
    for (i, float) in floats.enumerated() {
      // Beside it, the sum of offset and step is rounded once to a float.
      let bound = Double(scales[i / size]) / 2 + Double(decoded[i].ulp)
      #expect(abs(Double(decoded[i]) - Double(float)) <= bound, "\(float) became \(decoded[i])")
    }
    // The step is what 15 steps from end to end ask for, but for the rounding of f16.
    for (group, scale) in scales.enumerated() {
      let range = ranges[group / 2]
      let widest = Double(range.upperBound) - Double(range.lowerBound)
      let rounding = max(abs(Double(range.lowerBound)) / 1024, 6e-8)
      #expect(Double(scale) <= (widest + rounding) / 15 * 1.001 + 6e-8)
    }
  }

  @Test func `f16 weights are the nearest halves`() throws {
    var random = Random(seed: 3)
    let floats = random.floats(60) + [65504, -65504, 1e-7, 0]
    let weight = try EncodedConstant(name: "w", shape: [4, 16], floats: floats, type: .float16)
    #expect(try weight.bytes == [rawBytes(of: floats.map { Float16($0) })])
    let file = try Self.file(weight)
    #expect(file.stored.decodedRows(0..<4, of: weight.constant) == floats.map { Float(Float16($0)) })
    #expect(file.stored.decodedRows(1..<3, of: weight.constant) == floats[16..<48].map { Float(Float16($0)) })
  }

  static let storages: [ModelBuilder.Weights] = [.init(type: .float16), .init(type: .uint4)]

  /// Oracle: the same layer with the decoded weights stored as f32: the same kernel on the same numbers.
  @Test(arguments: storages) func `a layer runs as one of its decoded weights`(storage: ModelBuilder.Weights) throws {
    var b = ModelBuilder(seed: 11)
    _ = try b.weight("w", outputs: 37, inputs: 192, storage)
    let weight = b.constants[0]
    let file = try Self.file(weight)
    let decoded = file.stored.decodedRows(0..<37, of: weight.constant)
    let plain = try Self.file(EncodedConstant(name: "w", shape: [37, 192], floats: decoded))
    #expect(file.byteCount < plain.byteCount * 6 / 10)
    let inputs = try Session(file).randomInputs(batch: 5)
    let found = try Session(file).run(inputs)[0]
    #expect(try found == Session(plain).run(inputs)[0])
    let expected = ReferenceInterpreter.run(file, inputs, batch: 5)[0]
    #expect(found.floats.largestDifference(from: expected.data) < 1e-4)
  }

  /// Oracle: `ReferenceInterpreter`. Each group of channels is packed from rows of its own.
  @Test(arguments: storages) func `a convolution in groups runs, too`(storage: ModelBuilder.Weights) throws {
    var b = ModelBuilder(seed: 12)
    b.graph.appendInput("x", shape: [.batch, 32, 5, 7])
    b.graph.outputs = [
      try b.graph.append(
        .convolution(
          .init(weight: b.weight("w", outputs: 6, inputs: 2 * 16, storage), kernel: [1, 2], groups: 2)),
        named: "y", of: ["x"])
    ]
    let file = try b.file()
    let inputs = try Session(file).randomInputs(batch: 2)
    let expected = ReferenceInterpreter.run(file, inputs, batch: 2)[0]
    #expect(try Session(file).run(inputs)[0].floats.largestDifference(from: expected.data) < 1e-4)
    #expect(try ModelSummary(file).layers[0].precision == storage.type.rawValue)
  }

  @Test func `what cannot be kept so is refused with its reason`() throws {
    let pattern = SparsityPattern(keeping: 2, of: 4)
    func refuses(_ expected: String, _ make: () throws -> Any) {
      let error = #expect(throws: (any Error).self) { try make() }
      #expect(error.map { "\($0)".contains(expected) } == true, "\(String(describing: error))")
    }
    let zeros = [Float](repeating: 0, count: 96)
    refuses("of a pattern are not stored as f16") {
      try EncodedConstant(name: "w", shape: [3, 32], floats: zeros, type: .float16, pattern: pattern)
    }
    refuses("too large for f16") { try EncodedConstant(name: "w", shape: [1], floats: [65520], type: .float16) }
    refuses("too large for f16") {
      try EncodedConstant(name: "w", shape: [3, 32], floats: zeros.dropLast() + [1e5], int4GroupsOf: 32)
    }
    refuses("not a number") {
      try EncodedConstant(name: "w", shape: [3, 32], floats: zeros.dropLast() + [.nan], int4GroupsOf: 32)
    }
    for (shape, size) in [([3, 32], 64), ([3, 32], 16), ([96], 32), ([3, 32], 0)] {
      refuses("into groups of \(size): 32, 64 or 128") {
        try EncodedConstant(name: "w", shape: shape, floats: zeros, int4GroupsOf: size)
      }
    }
    refuses("do not fill") { try EncodedConstant(name: "w", shape: [4, 32], floats: zeros, int4GroupsOf: 32) }
    refuses("cannot be stored as u4") {
      try EncodedConstant(name: "w", shape: [3, 32], floats: zeros, type: .uint4)
    }

    let graph = try Self.file(EncodedConstant(name: "w", shape: [3, 32], floats: zeros, int4GroupsOf: 32)).graph
    func refuses(_ encoding: Graph.Encoding, _ expected: String) {
      refuses(expected) {
        var graph = graph
        graph.constants[0].encoding = encoding
        try graph.validate()
        return graph
      }
    }
    refuses(.dense(.uint4), "u4 weights have scales")
    refuses(.sparse(pattern, .uint4), "sparse weights are f32, bf16 or s8, found u4")
    refuses(.sparse(pattern, .float16), "sparse weights are f32, bf16 or s8, found f16")
    refuses(.grouped(64), "into groups of 64")
    refuses(.grouped(0), "into groups of 0")
    for type in [Graph.ElementType.float16, .uint4] {
      refuses("can be \(type.rawValue)") {
        var graph = graph
        graph.values[0].type = type
        try graph.validate()
        return graph
      }
    }
    let text = String(decoding: try graph.json(), as: UTF8.self)
    let encoding = #"{"scaleGroup":32,"type":"u4"}"#
    try #require(text.contains(encoding))
    for (forged, expected) in [
      (#"{"type":"u4"}"#, #"the key "scaleGroup" is missing"#),
      (#"{"scaleGroup":32,"type":"s8"}"#, "u4 weights, and no others, have a scaleGroup"),
      (#"{"group":4,"kept":2,"scaleGroup":32,"type":"u4"}"#, "none have a pattern besides"),
      (#"{"scaleGroup":33,"type":"u4"}"#, "into groups of 33"),
    ] {
      refuses(expected) { try Graph(json: Array(text.replacing(encoding, with: forged).utf8)) }
    }
  }

  @Test func `scales and offsets that are no numbers are refused`() throws {
    let weight = try EncodedConstant(
      name: "w", shape: [1, 32], floats: [Float](repeating: 1, count: 32), int4GroupsOf: 32)
    for (tensor, bits) in [("w.scales", 0x8400), ("w.scales", 0x7C00), ("w.offsets", 0x7E00), ("w.offsets", 0xFC00)] {
      var forgery = try Forgery(Self.file(weight).content.copy())
      let place = forgery.range(of: tensor).lowerBound
      (forgery.data[place], forgery.data[place + 1]) = (UInt8(bits & 255), UInt8(bits >> 8))
      forgery.sign()
      let bytes = try forgery.bytes()
      let error = #expect(throws: ModelFileError.self) { try ModelFile(bytes: bytes) }
      #expect(error?.description.contains("a scale of w is below 0, or one or an offset is no number") == true)
    }
  }
}
