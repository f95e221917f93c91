import Foundation
import SwiftletFiles
import TestSupport

@testable import SwiftletRuntime

/// Random numbers that a seed decides.
struct Random {
  var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  mutating func float(_ range: ClosedRange<Float> = -1...1) -> Float { .random(in: range, using: &generator) }
  mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in float(range) }
  }
  mutating func int(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
  mutating func int8s(_ count: Int) -> [Int8] { (0..<count).map { _ in .random(in: -127...127, using: &generator) } }
  mutating func bool() -> Bool { .random(using: &generator) }

  /// Sets all but `kept` random weights of every group to zero.
  mutating func masked<Weight: Numeric>(_ weights: [Weight], _ pattern: SparsityPattern) -> [Weight] {
    var weights = weights
    for start in stride(from: 0, to: weights.count, by: pattern.group) {
      let dropped = (0..<pattern.group).shuffled(using: &generator).dropFirst(pattern.kept)
      for i in dropped { weights[start + i] = 0 }
    }
    return weights
  }
}

/// A graph with its constants, under construction.
struct ModelBuilder {
  var graph = Graph(name: "test")
  var constants: [EncodedConstant] = []
  var random: Random

  init(seed: UInt64) { random = Random(seed: seed) }

  /// How the weights of a linear layer are stored.
  struct Weights: CustomStringConvertible, Sendable {
    var type: Graph.ElementType = .float32
    var pattern: SparsityPattern?
    var description: String { "\(type.rawValue) \(pattern?.description ?? "dense")" }
  }

  @discardableResult
  mutating func constant(_ name: String, _ shape: [Int], _ range: ClosedRange<Float> = -1...1) throws -> String {
    try add(EncodedConstant(name: name, shape: shape, floats: random.floats(shape.reduce(1, *), range)))
  }

  mutating func weight(_ name: String, outputs: Int, inputs: Int, _ weights: Weights) throws -> String {
    if weights.type == .int8 {
      var values = random.int8s(outputs * inputs)
      if let pattern = weights.pattern { values = random.masked(values, pattern) }
      return try add(
        EncodedConstant(
          name: name, shape: [outputs, inputs], int8: values, scales: random.floats(outputs, 0.001...0.01),
          pattern: weights.pattern))
    }
    let range = Float(1 / Double(inputs).squareRoot())
    var values = random.floats(outputs * inputs, -range...range)
    if weights.type == .uint4 {
      let size = [128, 64, 32].first { inputs.isMultiple(of: $0) } ?? 0
      return try add(EncodedConstant(name: name, shape: [outputs, inputs], floats: values, int4GroupsOf: size))
    }
    if let pattern = weights.pattern { values = random.masked(values, pattern) }
    return try add(
      EncodedConstant(
        name: name, shape: [outputs, inputs], floats: values, type: weights.type, pattern: weights.pattern))
  }

  mutating func add(_ constant: EncodedConstant) throws -> String {
    constants.append(constant)
    graph.constants.append(constant.constant)
    return constant.constant.name
  }

  func file() throws -> ModelFile { try ModelFile(graph, constants: constants) }
  func bytes() throws -> [UInt8] {
    try ModelFile.draft(graph, constants: constants, path: "test").content().copy()
  }

  /// A small vision transformer: images 3 x side x side, patches of 4, 2 blocks, 3 classes.
  ///
  /// With s8 weights, norms and attention write u8 for the layers that follow, as an exported int8 model does.
  static func visionTransformer(
    _ weights: Weights = Weights(), side: Int = 8, width: Int = 16, seed: UInt64 = 1
  ) throws -> ModelBuilder {
    var b = ModelBuilder(seed: seed)
    let classes = 3
    let tokenCount = 1 + side / 4 * (side / 4)
    let isInteger = weights.type == .int8
    let type: Graph.ElementType? = isInteger ? .uint8 : nil
    func grid(_ range: Float) -> Graph.Quantization? {
      isInteger ? Graph.Quantization(scale: 2 * range / 255, zeroPoint: 128) : nil
    }
    func linear(
      _ name: String, _ inputs: [String], from: Int, to: Int, activation: Graph.Activation? = nil,
      type: Graph.ElementType? = nil, _ quantization: Graph.Quantization? = nil
    ) throws -> String {
      let weight = try b.weight("\(name).weight", outputs: to, inputs: from, weights)
      let bias = try b.constant("\(name).bias", [to])
      return try b.graph.append(
        .linear(weight: weight, bias: bias, activation: activation), named: name, of: inputs, type: type,
        quantization: quantization)
    }
    func norm(_ name: String, _ x: String) throws -> String {
      let operation = Graph.Operation.layerNorm(
        weight: try b.constant("\(name).weight", [width], 0.5...1.5), bias: try b.constant("\(name).bias", [width]),
        epsilon: 1e-6)
      return try b.graph.append(operation, named: name, of: [x], type: type, quantization: grid(4))
    }

    b.graph.appendInput("images", shape: [.batch, 3, .fixed(side), .fixed(side)])
    let patches = try b.graph.append(
      .patchify(patch: 4), named: "patches", of: ["images"], type: type, quantization: grid(1))
    let embedded = try linear("patch_embed", [patches], from: 48, to: width)
    let cls = try b.graph.append(
      .expand([.batch, 1, .fixed(width)]), named: "cls", of: [b.constant("cls_token", [1, 1, width])])
    let tokens = try b.graph.append(.concatenate(axis: 1), named: "tokens", of: [cls, embedded])
    var x = try b.graph.append(
      .add, named: "positioned", of: [tokens, b.constant("pos_embed", [1, tokenCount, width])])
    for block in 0..<2 {
      let name = "blocks.\(block)"
      let qkv = try linear("\(name).attn.qkv", [norm("\(name).norm1", x)], from: width, to: 3 * width)
      let mixed = try b.graph.append(
        .attention(heads: 2, scale: 0.35), named: "\(name).attn", of: [qkv], type: type, quantization: grid(2))
      x = try linear("\(name).attn.proj", [mixed, x], from: width, to: width)
      let hidden = try linear(
        "\(name).mlp.fc1", [norm("\(name).norm2", x)], from: width, to: 2 * width, activation: .gelu, type: type,
        grid(2))
      x = try linear("\(name).mlp.fc2", [hidden, x], from: 2 * width, to: width)
    }
    let first = try b.graph.append(.select(axis: 1, index: 0), named: "cls_out", of: [x])
    b.graph.outputs = [try linear("head", [norm("norm", first)], from: width, to: classes)]
    b.graph.metadata = Graph.Metadata(
      classNames: ["cat", "dog", "bird"],
      preprocessing: Graph.Preprocessing(height: side, width: side, resize: .stretch), notes: ["top1": "not measured"])
    return b
  }
}

extension ModelBuilder {
  /// A small network with attention in shifted windows: images 3 x 8 x 8, patches of 2, a map of 4 x 4, windows of 2.
  static func windowedTransformer(_ weights: Weights = Weights(), seed: UInt64 = 2) throws -> ModelBuilder {
    var b = ModelBuilder(seed: seed)
    let grid = weights.type == .int8 ? Graph.Quantization(scale: 0.03, zeroPoint: 128) : nil
    let type: Graph.ElementType? = grid == nil ? nil : .uint8
    b.graph.appendInput("images", shape: [.batch, 3, 8, 8])
    let patches = try b.graph.append(.patchify(patch: 2), named: "patches", of: ["images"])
    let embedded = try b.graph.append(
      .linear(weight: b.weight("embed.weight", outputs: 8, inputs: 12, .init()), bias: nil, activation: nil),
      named: "embed", of: [patches])
    let norm = try b.graph.append(
      .layerNorm(weight: nil, bias: nil, epsilon: 1e-5), named: "norm", of: [embedded], type: type, quantization: grid)
    let qkv = try b.graph.append(
      .linear(weight: b.weight("qkv.weight", outputs: 24, inputs: 8, weights), bias: nil, activation: nil),
      named: "qkv", of: [norm])
    let windows = Graph.AttentionWindows(side: 4, size: 2, shift: 1, biases: try b.constant("biases", [9, 2]))
    let mixed = try b.graph.append(
      .attention(heads: 2, scale: 0.5, windows: windows), named: "attention", of: [qkv], type: type, quantization: grid)
    let projected = try b.graph.append(
      .linear(weight: b.weight("proj.weight", outputs: 8, inputs: 8, weights), bias: nil, activation: nil),
      named: "proj", of: [mixed, embedded])
    let squares = try b.graph.append(.reshape([.batch, 2, 2, 2, 2, 8]), named: "squares", of: [projected])
    let permuted = try b.graph.append(.permute([0, 1, 3, 4, 2, 5]), named: "permuted", of: [squares])
    let merged = try b.graph.append(.reshape([.batch, 4, 32]), named: "merged", of: [permuted])
    let mean = try b.graph.append(.mean(axes: [1], keepsAxes: false), named: "mean", of: [merged])
    b.graph.outputs = [
      try b.graph.append(
        .linear(weight: b.weight("head.weight", outputs: 3, inputs: 32, .init()), bias: nil, activation: nil),
        named: "head", of: [mean])
    ]
    return b
  }
}

extension MappedFile {
  /// Its bytes, for longer than it lives.
  func copy() -> [UInt8] { withExtendedLifetime(self) { Array(bytes) } }
}

extension [Float] {
  /// The largest distance between elements, NaN where one is.
  func largestDifference(from other: [Double]) -> Double {
    guard count == other.count else { return .nan }
    return zip(self, other).reduce(0) { largest, pair in
      let difference = abs(Double(pair.0) - pair.1)
      return difference.isNaN || largest.isNaN ? .nan : Swift.max(largest, difference)
    }
  }
}
