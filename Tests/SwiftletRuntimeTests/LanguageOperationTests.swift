import Foundation
import RuntimeTestSupport
import TestSupport
import Testing

@testable import SwiftletRuntime

/// What language models are made of, beside attention and linear layers.
@Suite(.everyInstructionSet, .namingInstructionSet) struct LanguageOperationTests {
  private func run(_ b: ModelBuilder, _ inputs: [NDArray], threads: Int = 2) throws -> NDArray {
    try Session(b.file(), threads: threads).run(inputs)[0]
  }

  /// Oracle: the formula in double precision.
  @Test(arguments: [1, 7, 64, 131]) func `the norm equals its formula`(width: Int) throws {
    var b = ModelBuilder(seed: UInt64(width))
    b.graph.appendInput("x", shape: [.batch, 5, .fixed(width)])
    let weight = try b.constant("w", [width], 0.5...1.5)
    b.graph.outputs = [try b.graph.append(.rmsNorm(weight: weight, epsilon: 1e-5), named: "y", of: ["x"])]
    let x = b.random.floats(3 * 5 * width, -4...4)
    let file = try b.file()
    let gamma = withExtendedLifetime(file) { file.stored.tensor("w").bindMemory(to: Float.self).map { Double($0) } }
    let expected = stride(from: 0, to: x.count, by: width).flatMap { start -> [Double] in
      let row = x[start..<start + width].map { Double($0) }
      let root = (row.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-5).squareRoot()
      return zip(row, gamma).map { $0 / root * $1 }
    }
    let found = try run(b, [NDArray(x, shape: [3, 5, width])])
    #expect(found.floats.largestDifference(from: expected) < 1e-5, "width \(width)")
  }

  @Test(arguments: Graph.Activation.allCases) func `a gate takes two values or halves of one`(
    activation: Graph.Activation
  ) throws {
    let (rows, width) = (6, 43)
    var random = Random(seed: 3)
    let (a, b) = (random.floats(rows * width, -5...5), random.floats(rows * width, -5...5))
    let expected = zip(a, b).map { ReferenceInterpreter.activate(activation, Double($0)) * Double($1) }
    var two = ModelBuilder(seed: 1)
    for name in ["a", "b"] { two.graph.appendInput(name, shape: [.batch, .fixed(width)]) }
    two.graph.outputs = [try two.graph.append(.gate(activation), named: "y", of: ["a", "b"])]
    let apart = try run(two, [a, b].map { NDArray($0, shape: [rows, width]) })
    #expect(apart.floats.largestDifference(from: expected) < 2e-5)

    var one = ModelBuilder(seed: 1)
    one.graph.appendInput("x", shape: [.batch, .fixed(2 * width)])
    one.graph.outputs = [try one.graph.append(.gate(activation), named: "y", of: ["x"])]
    let joined = (0..<rows).flatMap { row -> [Float] in
      let range = row * width..<(row + 1) * width
      return Array(a[range]) + Array(b[range])
    }
    let halves = try run(one, [NDArray(joined, shape: [rows, 2 * width])])
    #expect(halves == apart)
  }

  /// Oracle: the rotation as a product of complex numbers in double precision.
  @Test(arguments: Graph.RotaryPairing.allCases, [8, 6])
  func `pairs of heads turn with their position`(pairing: Graph.RotaryPairing, pairs: Int) throws {
    let (heads, width, positions) = (3, 16, 12)
    var b = ModelBuilder(seed: 9)
    b.graph.axes = [.batch, .init("tokens", maximum: 32)]
    b.graph.appendInput("x", shape: [.batch, .axis("tokens"), .fixed(heads * width)])
    b.graph.appendInput("position", type: .int64, shape: [1])
    let angles = (0..<positions * pairs).map { i in
      Double(i / pairs) / pow(10000, 2 * Double(i % pairs) / Double(width))
    }
    let cosines = try b.add(
      EncodedConstant(name: "cos", shape: [positions, pairs], floats: angles.map { Float(cos($0)) }))
    let sines = try b.add(
      EncodedConstant(name: "sin", shape: [positions, pairs], floats: angles.map { Float(sin($0)) }))
    b.graph.outputs = [
      try b.graph.append(
        .rotary(heads: heads, pairing: pairing, cosines: cosines, sines: sines), named: "y", of: ["x", "position"])
    ]
    let (batch, tokens, first) = (2, 5, 7)
    let x = b.random.floats(batch * tokens * heads * width)
    var expected = x.map { Double($0) }
    for row in 0..<batch * tokens {
      for head in 0..<heads {
        for pair in 0..<pairs {
          let start = (row * heads + head) * width
          let places =
            pairing == .halves ? (start + pair, start + pair + pairs) : (start + 2 * pair, start + 2 * pair + 1)
          let (re, im) = (Double(x[places.0]), Double(x[places.1]))
          let angle = angles[(first + row % tokens) * pairs + pair]
          expected[places.0] = re * cos(angle) - im * sin(angle)
          expected[places.1] = im * cos(angle) + re * sin(angle)
        }
      }
    }
    let array = NDArray(x, shape: [batch, tokens, heads * width])
    let found = try run(b, [array, NDArray(.int64([Int64(first)]), shape: [1])])
    #expect(found.floats.largestDifference(from: expected) < 1e-6)
    for position in [Int64(8), -1, .max, .min] {
      let error = #expect(throws: SessionError.self) {
        try run(b, [array, NDArray(.int64([position]), shape: [1])])
      }
      #expect(error?.description == "y has no position for 5 tokens from \(position) on: it knows 12")
    }
  }

  @Test func `without a position the first token stands at 0, and tokens beyond the table are refused`() throws {
    var b = ModelBuilder(seed: 2)
    b.graph.axes = [.batch, .init("tokens", maximum: 32)]
    b.graph.appendInput("x", shape: [.batch, .axis("tokens"), 2])
    let cosines = try b.add(EncodedConstant(name: "cos", shape: [3, 1], floats: [1, 0, -1]))
    let sines = try b.add(EncodedConstant(name: "sin", shape: [3, 1], floats: [0, 1, 0]))
    b.graph.outputs = [
      try b.graph.append(
        .rotary(heads: 1, pairing: .halves, cosines: cosines, sines: sines), named: "y", of: ["x"])
    ]
    #expect(try run(b, [NDArray([1, 2, 3, 4, 5, 6], shape: [1, 3, 2])]).floats == [1, 2, -4, 3, -5, -6])
    let error = #expect(throws: SessionError.self) {
      try run(b, [NDArray([Float](repeating: 0, count: 8), shape: [1, 4, 2])])
    }
    #expect(error?.description.contains("y takes 0..<4 of an axis of 3") == true)
  }

  @Test(arguments: [Graph.ElementType.float32, .bfloat16, .float16, .int8, .uint4])
  func `rows are looked up in tables of every type`(type: Graph.ElementType) throws {
    let (rows, width) = (9, 64)
    var b = ModelBuilder(seed: 4)
    b.graph.appendInput("ids", type: .int64, shape: [.batch, 3])
    let table = try b.weight("table", outputs: rows, inputs: width, .init(type: type))
    b.graph.outputs = [try b.graph.append(.embedding(table: table), named: "y", of: ["ids"])]
    let ids: [Int64] = [8, 0, 3, 3, 7, 1]
    let file = try b.file()
    let all = file.stored.decodedRows(0..<rows, of: b.constants[0].constant)
    let expected = ids.flatMap { all[Int($0) * width..<(Int($0) + 1) * width] }
    let found = try run(b, [NDArray(.int64(ids), shape: [2, 3])])
    #expect(found.floats == expected && found.shape == [2, 3, width])
    #expect(ReferenceInterpreter(file, batch: 1).constant("table").data.count == rows * width)
    for id in [9, -1, Int64.max] {
      let error = #expect(throws: SessionError.self) {
        try run(b, [NDArray(.int64([0, id, 0]), shape: [1, 3])])
      }
      #expect(error?.description == "y has no row \(id): ids go from 0 to 8")
    }
  }

  /// Oracle: sorting, of rows with ties and NaN.
  @Test(arguments: [(1, 1), (5, 1), (40, 40), (200, 1), (200, 7)])
  func `the greatest come first, and of equals the first`(width: Int, count: Int) throws {
    var random = Random(seed: UInt64(width + count))
    let rows = 6
    var x = random.floats(rows * width, -9...9).map { $0.rounded() }
    if width > 4 { for _ in 0..<4 { x[random.int(0...x.count - 1)] = .nan } }
    let expected = (0..<rows).flatMap { row in
      (0..<width).sorted { a, b in
        let (p, q) = (x[row * width + a], x[row * width + b])
        if p.isNaN || q.isNaN { return p.isNaN && q.isNaN ? a < b : p.isNaN }
        return p == q ? a < b : p > q
      }.prefix(count).map { Int64($0) }
    }
    func found(_ result: Graph.TopKResult) throws -> NDArray {
      var b = ModelBuilder(seed: 1)
      b.graph.appendInput("x", shape: [.batch, .fixed(width)])
      b.graph.outputs = [
        try b.graph.append(
          .topK(count, result), named: "y", of: ["x"], type: result == .indices ? .int64 : .float32)
      ]
      return try run(b, [NDArray(x, shape: [rows, width])])
    }
    #expect(try found(.indices) == NDArray(.int64(expected), shape: [rows, count]))
    let values = try found(.values).floats
    for (i, value) in values.enumerated() {
      let own = x[i / count * width + Int(expected[i])]
      #expect(value == own || value.isNaN && own.isNaN)
    }
  }

  @Test func `tables are read by graph inputs alone, and shapes are checked`() throws {
    func refuses(_ expected: String, _ make: (inout ModelBuilder) throws -> Void) {
      let error = #expect(throws: GraphError.self) {
        var b = ModelBuilder(seed: 1)
        b.graph.appendInput("x", shape: [.batch, 6])
        b.graph.appendInput("ids", type: .int64, shape: [.batch, 2])
        try make(&b)
        try b.graph.validate()
      }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    refuses("by which it reads a table, is no input of the graph") { b in
      let other = try b.graph.append(.reshape([.batch, 1, 2]), named: "other", of: ["ids"])
      b.graph.outputs = [
        try b.graph.append(.embedding(table: b.constant("table", [4, 3])), named: "y", of: [other])
      ]
    }
    refuses("the input is f32, expected i64") { b in
      try b.graph.append(.embedding(table: b.constant("table", [4, 3])), named: "y", of: ["x"])
    }
    refuses("must be fixed and hold 7 or more") { b in
      try b.graph.append(.topK(7, .values), named: "y", of: ["x"])
    }
    refuses("the output is f32, expected i64") { b in
      try b.graph.append(.topK(1, .indices), named: "y", of: ["x"])
    }
    refuses("does not divide into 4 heads") { b in
      _ = try b.constant("t", [4, 1])
      try b.graph.append(.rotary(heads: 4, pairing: .halves, cosines: "t", sines: "t"), named: "y", of: ["x"])
    }
    refuses("it holds two halves") { b in
      let slice = try b.graph.append(.slice(axis: 1, start: 0, end: 5), named: "five", of: ["x"])
      try b.graph.append(.gate(.silu), named: "y", of: [slice])
    }
  }
}
