import RuntimeTestSupport
import TestSupport
import Testing

@testable import SwiftletRuntime

/// Linear layers that round each token to 8 bits as they run.
@Suite(.everyInstructionSet, .namingInstructionSet) struct QuantizedTokenTests {
  static let storages: [ModelBuilder.Weights] = [
    .init(type: .int8), .init(type: .int8, pattern: .init(keeping: 2, of: 4)),
    .init(type: .int8, pattern: .init(keeping: 1, of: 4)), .init(type: .int8, pattern: .init(keeping: 3, of: 8)),
    .init(type: .uint4),
  ]

  /// `[batch, tokens, inputs]` to `outputs`, with a bias, and with a residual where `hasResidual` says so.
  private func layer(
    _ storage: ModelBuilder.Weights, inputs: Int, outputs: Int, hasResidual: Bool, seed: UInt64,
    input: Graph.LinearInput? = .quantizedTokens
  ) throws -> ModelBuilder {
    var b = ModelBuilder(seed: seed)
    b.graph.axes = [.batch, .init("tokens", maximum: 64)]
    var from = [b.graph.appendInput("x", shape: [.batch, .axis("tokens"), .fixed(inputs)])]
    if hasResidual { from.append(b.graph.appendInput("r", shape: [.batch, .axis("tokens"), .fixed(outputs)])) }
    b.graph.outputs = [
      try b.graph.append(
        .linear(
          weight: b.weight("w", outputs: outputs, inputs: inputs, storage), bias: b.constant("b", [outputs]),
          activation: nil, input: input), named: "y", of: from)
    ]
    return b
  }

  /// Oracle: the same arithmetic in floats of Swift, step by step. Sums are of integers, so equality is exact.
  @Test(arguments: storages) func `a layer equals its definition to the last bit`(storage: ModelBuilder.Weights) throws
  {
    for (batch, tokens, inputs, outputs, hasResidual) in [
      (1, 1, 128, 7, false), (1, 1, 64, 200, true), (2, 3, 96, 65, true), (1, 33, 128, 70, false),
    ] {
      let seed = UInt64(inputs + outputs)
      let file = try layer(storage, inputs: inputs, outputs: outputs, hasResidual: hasResidual, seed: seed).file()
      var random = Random(seed: seed)
      var x = random.floats(batch * tokens * inputs, -3...3)
      if tokens > 2 { for i in inputs..<2 * inputs { x[i] = 0 } }
      let residual = random.floats(batch * tokens * outputs)
      var arrays = [NDArray(x, shape: [batch, tokens, inputs])]
      if hasResidual { arrays.append(NDArray(residual, shape: [batch, tokens, outputs])) }
      let expected = Definition(file).run(x, residual: hasResidual ? residual : nil)
      for threads in [1, 3] {
        let found = try Session(file, threads: threads).run(arrays)[0]
        #expect(found.floats == expected, "seed \(seed), \(threads) threads, \(storage)")
      }
    }
  }

  /// Law: what is rounded is the token, so its neighbours do not matter.
  @Test(arguments: storages) func `a token does not depend on its neighbours`(storage: ModelBuilder.Weights) throws {
    let session = try Session(
      layer(storage, inputs: 128, outputs: 80, hasResidual: false, seed: 5).file(), threads: 2)
    var random = Random(seed: 6)
    let x = random.floats(20 * 128)
    let all = try session.run([NDArray(x, shape: [1, 20, 128])])[0].floats
    for token in [0, 7, 19] {
      let alone = try session.run([NDArray(Array(x[token * 128..<(token + 1) * 128]), shape: [1, 1, 128])])[0].floats
      #expect(alone == Array(all[token * 80..<(token + 1) * 80]))
    }
  }

  /// Oracle: the layer in floats. An input is off by at most half of 1/127 of the token's greatest.
  @Test func `4 bits in integers are close to 4 bits in floats`() throws {
    let storage = ModelBuilder.Weights(type: .uint4)
    let rounded = try layer(storage, inputs: 256, outputs: 90, hasResidual: true, seed: 8).file()
    let exact = try layer(storage, inputs: 256, outputs: 90, hasResidual: true, seed: 8, input: nil).file()
    var random = Random(seed: 9)
    let arrays = [
      NDArray(random.floats(4 * 256), shape: [2, 2, 256]), NDArray(random.floats(4 * 90), shape: [2, 2, 90]),
    ]
    let (a, b) = (try Session(rounded).run(arrays)[0].floats, try Session(exact).run(arrays)[0].floats)
    // 256 weights of at most 1/16, errors of at most 1/254 that hardly ever agree: the bound is 16 / 254.
    #expect(a.largestDifference(from: b.map { Double($0) }) < 16.0 / 254)
    #expect(a != b)
  }

  /// A slice of a wider value is read where it lies.
  @Test func `rows may lie apart`() throws {
    var b = ModelBuilder(seed: 12)
    b.graph.appendInput("x", shape: [.batch, 3, 192])
    let part = try b.graph.append(.slice(axis: 2, start: 32, end: 160), named: "part", of: ["x"])
    b.graph.outputs = [
      try b.graph.append(
        .linear(
          weight: b.weight("w", outputs: 20, inputs: 128, .init(type: .int8)), bias: nil, activation: nil,
          input: .quantizedTokens), named: "y", of: [part])
    ]
    let file = try b.file()
    var random = Random(seed: 13)
    let x = random.floats(2 * 3 * 192)
    let sliced = stride(from: 0, to: x.count, by: 192).flatMap { x[$0 + 32..<$0 + 160] }
    let expected = Definition(file).run(sliced, residual: nil)
    #expect(try Session(file).run([NDArray(x, shape: [2, 3, 192])])[0].floats == expected)
  }

  @Test func `a token with a NaN gives NaN and no other`() throws {
    for storage in [ModelBuilder.Weights(type: .int8), .init(type: .uint4)] {
      let session = try Session(layer(storage, inputs: 64, outputs: 10, hasResidual: false, seed: 3).file())
      var random = Random(seed: 4)
      var x = random.floats(3 * 64)
      x[64 + 5] = .nan
      let y = try session.run([NDArray(x, shape: [1, 3, 64])])[0].floats
      #expect(y[..<10].allSatisfy(\.isFinite) && y[10..<20].allSatisfy(\.isNaN) && y[20...].allSatisfy(\.isFinite))
    }
  }

  @Test func `the setting stands in the file where it is made, and nowhere else`() throws {
    let with = try layer(.init(type: .int8), inputs: 64, outputs: 4, hasResidual: false, seed: 1)
    let text = String(decoding: try with.graph.json(), as: UTF8.self)
    #expect(text.contains(#""input":"quantizedTokens""#))
    #expect(try Graph(json: Array(text.utf8)) == with.graph)
    let without = try layer(.init(type: .uint4), inputs: 64, outputs: 4, hasResidual: false, seed: 1, input: nil)
    #expect(!String(decoding: try without.graph.json(), as: UTF8.self).contains(#""input":"#))
  }

  @Test func `weights in floats and inputs in bytes are refused`() throws {
    for type in [Graph.ElementType.float32, .bfloat16, .float16] {
      let error = #expect(throws: GraphError.self) {
        try layer(.init(type: type), inputs: 64, outputs: 4, hasResidual: false, seed: 1)
      }
      #expect(error?.description.contains("quantized tokens are multiplied by s8 or u4") == true)
    }
    var b = ModelBuilder(seed: 1)
    b.graph.appendInput("x", type: .uint8, shape: [.batch, 64], quantization: .init(scale: 1, zeroPoint: 3))
    let weight = try b.weight("w", outputs: 4, inputs: 64, .init(type: .int8))
    let error = #expect(throws: GraphError.self) {
      try b.graph.append(
        .linear(weight: weight, bias: nil, activation: nil, input: .quantizedTokens), named: "y", of: ["x"])
    }
    #expect(error?.description.contains("the input is u8, expected f32") == true)
  }

  /// The layer `y` of a file, as the format defines it.
  private struct Definition {
    let file: ModelFile
    let outputs, inputs: Int

    init(_ file: ModelFile) {
      self.file = file
      let shape = file.graph.constant(named: "w")?.shape ?? [1, 1]
      (outputs, inputs) = (shape[0], shape[1])
    }

    func run(_ x: [Float], residual: [Float]?) -> [Float] {
      let bias = file.graph.constant(named: "b").map { Array(file.stored.tensor($0.name).bindMemory(to: Float.self)) }
      return stride(from: 0, to: x.count, by: inputs).flatMap { start -> [Float] in
        let row = x[start..<start + inputs]
        let greatest = row.reduce(0) { max($0, abs($1)) }
        let factor = greatest > 0 ? 127 / greatest : 0
        let integers = row.map { Int(($0 * factor).rounded(.toNearestOrEven)) }
        return (0..<outputs).map { output in
          let (sum, scale) = sum(integers, output)
          let value = (bias?[output] ?? 0).addingProduct(sum, scale * (greatest / 127))
          return value + (residual?[start / inputs * outputs + output] ?? 0)
        }
      }
    }

    /// The sum of products, and what a unit of it is worth for an input of scale 1.
    private func sum(_ x: [Int], _ output: Int) -> (Float, Float) {
      guard let size = file.graph.constant(named: "w")?.encoding.scaleGroup else {
        let weights = integerWeights(ofRow: output)
        return (
          Float(zip(x, weights).reduce(0) { $0 + $1.0 * $1.1 }),
          file.stored.tensor("w.scales").bindMemory(to: Float.self)[output]
        )
      }
      let codes = file.stored.tensor("w")
      let scales = file.stored.tensor("w.scales").bindMemory(to: Float16.self)
      let offsets = file.stored.tensor("w.offsets").bindMemory(to: Float16.self)
      var sum: Float = 0
      for group in 0..<inputs / size {
        let at = output * inputs + group * size
        var (ofCodes, ofInputs) = (0, 0)
        for i in 0..<size {
          let code = Int(codes[(at + i) / 2] >> UInt8((at + i) % 2 * 4) & 15)
          ofCodes += code * x[group * size + i]
          ofInputs += x[group * size + i]
        }
        sum.addProduct(Float(scales[at / size]), Float(ofCodes))
        sum.addProduct(Float(offsets[at / size]), Float(ofInputs))
      }
      return (sum, 1)
    }

    private func integerWeights(ofRow output: Int) -> [Int] {
      guard let constant = file.graph.constant(named: "w") else { return [] }
      let stored = file.stored.tensor("w").bindMemory(to: Int8.self)
      guard let pattern = constant.encoding.pattern else {
        return (0..<inputs).map { Int(stored[output * inputs + $0]) }
      }
      let places = file.indices(of: constant, pattern)
      let kept = pattern.keptCount(in: inputs)
      var row = [Int](repeating: 0, count: inputs)
      for i in 0..<kept {
        row[i / pattern.kept * pattern.group + Int(places[output * kept + i])] = Int(stored[output * kept + i])
      }
      return row
    }
  }
}
