import Foundation
import SwiftletCompression
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletText
import Testing

@testable import SwiftletExport

/// A language model through its model file foretells what it foretells through libtorch: every kind of network of the family,
/// and every kind of memory.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LanguageModelExportTests {
  /// A small network whose attention looks somewhere.
  struct Shape: CustomTestStringConvertible, Sendable {
    var heads = 4
    var keyHeads = 2
    var headWidth = 16
    var bias = LlamaConfiguration.AttentionBias.none
    var positions = LlamaConfiguration.Positions.rotary(base: 10_000)
    var window: Int?
    var tiesEmbeddings = true
    var activation = Activation.silu

    var testDescription: String {
      "\(heads) heads on \(keyHeads) of \(headWidth), biases \(bias), positions \(positions), window \(window ?? 0)"
    }

    func model(seed: UInt64 = 1) throws -> LlamaModel {
      var configuration = LlamaConfiguration(
        vocabulary: 300, width: 64, hidden: 96, layers: 2, heads: heads, keyHeads: keyHeads, headWidth: headWidth,
        context: 640)
      (configuration.attentionBias, configuration.positions) = (bias, positions)
      (configuration.tiesEmbeddings, configuration.activation) = (tiesEmbeddings, activation)
      configuration.feedForwardBias = bias == .all
      configuration.windows = [window, nil]
      let generator = Generator(seed: seed)
      let model = try LlamaModel(configuration, using: generator)
      withNoGradient {
        for (path, tensor) in model.namedParameters()
        where path.contains("self_attn") || path.contains("embed") || path.hasSuffix("bias") {
          _ = tensor.normalInPlace(standardDeviation: path.hasSuffix("bias") ? 0.5 : 0.3, using: generator)
        }
      }
      return model
    }
  }

  static let shapes = [
    Shape(), Shape(keyHeads: 4, headWidth: 8, bias: .queryKeyValue, activation: .geluTanh),
    Shape(bias: .all, positions: .none), Shape(keyHeads: 1, positions: .linearBiases, tiesEmbeddings: false),
    Shape(heads: 6, keyHeads: 2, headWidth: 32, window: 70),
    Shape(
      positions: .rotary(
        base: 10_000, scaling: .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, trainedPositions: 64))),
    Shape(positions: .rotary(base: 5_000, scaling: .yarn(.init(factor: 4, trainedPositions: 64)))),
  ]

  static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer(vocabularySize: 300)
    trainer.minimumCount = 1
    guard let tokenizer = try? trainer.train(on: ["the cat sat on the mat, and the dog sat beside the cat"]) else {
      preconditionFailure("a tokenizer can be trained on a sentence")
    }
    return tokenizer
  }()

  static func tokens(_ count: Int, seed: UInt64 = 3) -> [Int] {
    Tensor.uniform([count], in: 0..<300, using: Generator(seed: seed)).floor().scalars(as: Float.self).map { Int($0) }
  }

  static func exported(
    _ model: LlamaModel, numbers: LanguageProgram.Memory.Format = .float32,
    weights: LanguageExporter.Weights = .fp32, instructionSet: InstructionSet? = nil, threads: Int = 2
  ) throws -> LanguageModel {
    var exporter = LanguageExporter()
    (exporter.numbers, exporter.weights) = (numbers, weights)
    let (program, constants) = try exporter.export(model, name: "small")
    return try LanguageModel(
      program.container(constants: constants, tokenizer: tokenizer), threads: threads, instructionSet: instructionSet)
  }

  /// The scores after each token, through libtorch.
  static func expected(_ model: LlamaModel, _ tokens: [Int]) -> [Float] {
    withNoGradient { model(Tensor(tokens.map(Int64.init), shape: [1, tokens.count])) }.scalars(as: Float.self)
  }

  /// The scores after each token, read in pieces of these lengths, the last one as long as it takes.
  static func found(_ model: LanguageModel, _ tokens: [Int], pieces: [Int] = []) throws -> [Float] {
    var text = model.makeSequence()
    var scores: [Float] = []
    var start = 0
    for length in pieces + [tokens.count] where start < tokens.count {
      let part = Array(tokens[start..<min(start + length, tokens.count)])
      try model.forEachScores(after: part, in: &text) { _, own in scores += own }
      start += part.count
    }
    return scores
  }

  static func distance(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude.isNaN ? .infinity : ($1.0 - $1.1).magnitude) }
  }

  @Test(arguments: shapes) func `scores are libtorch's, under every instruction set`(shape: Shape) throws {
    let model = try shape.model()
    for set in InstructionSet.available {
      let tokens = Self.tokens(Self.length(for: set))
      let expected = Self.expected(model, tokens)
      let greatest = expected.reduce(0) { max($0, $1.magnitude) }
      let found = try Self.found(Self.exported(model, instructionSet: set), tokens)
      #expect(Self.distance(found, expected) <= 1e-4 * greatest, "\(set)")
    }
  }

  /// More than a segment of positions, but for the references in plain C.
  private static func length(for set: InstructionSet) -> Int { set == .scalar ? 40 : 270 }

  @Test(arguments: shapes) func `pieces and threads change no bit`(shape: Shape) throws {
    let model = try shape.model()
    let tokens = Self.tokens(330)
    let whole = try Self.found(Self.exported(model, numbers: .float16), tokens)
    let other = try Self.exported(model, numbers: .float16, threads: 1)
    for pieces in [[1, 2, 3, 250, 1, 1, 60], [257, 1, 31, 33]] {
      #expect(try Self.found(other, tokens, pieces: pieces) == whole, "\(pieces)")
    }
  }

  /// Ranks, groups of heads, bits of keys and of values, whether neighbouring layers share; nil ranks keep heads whole.
  struct Kept: CustomTestStringConvertible, Sendable {
    var keyRank: Int?
    var valueRank: Int?
    var headGroup = 2
    var keyBits: Int?
    var valueBits: Int?
    var latentGroup: Int?
    var layerGroup: Int?
    var rotation = LatentRotation.hadamard

    var testDescription: String {
      "ranks \(keyRank ?? 0) and \(valueRank ?? 0) of \(headGroup) heads, \(keyBits ?? 16) and \(valueBits ?? 16) bits, "
        + "groups of \(latentGroup ?? 0), \(layerGroup ?? 1) layers, \(rotation)"
    }

    func apply(to model: LlamaModel) throws {
      var choices: [String: LayerChoice] = [:]
      for slot in model.slots {
        guard let side = CacheSide(slot.kind) else { continue }
        var choice = LayerChoice()
        choice.rank = side == .keys ? keyRank : valueRank
        choice.headGroup = choice.rank == nil ? 1 : headGroup
        choice.layerGroup = choice.rank == nil ? nil : layerGroup
        if side == .keys { choice.keyBits = keyBits } else { choice.valueBits = valueBits }
        if (side == .keys ? keyBits : valueBits) != nil { choice.latentGroup = latentGroup }
        if choice != LayerChoice() { choices[slot.path] = choice }
      }
      var method = LowRankMethod()
      (method.rotation, method.seed) = (rotation, 5)
      let calibration = Tensor(
        LanguageModelExportTests.tokens(128, seed: 11).map(Int64.init), shape: [2, 64])
      try model.decompose(
        to: CompressionPlan(choices), for: model.keyValueStatistics(on: [calibration], layerGroup: layerGroup ?? 1),
        by: method)
    }
  }

  static let kept = [
    Kept(keyRank: 20, valueRank: 24), Kept(keyRank: 12, valueRank: 10, headGroup: 1, layerGroup: 2),
    Kept(keyRank: 16, valueRank: 24, keyBits: 4, valueBits: 3), Kept(valueRank: 20, keyBits: 2, valueBits: 4),
    Kept(keyBits: 8, valueBits: 8), Kept(keyBits: 4, valueBits: 3, latentGroup: 8),
    Kept(keyBits: 3, valueBits: 2, rotation: .random),
    Kept(keyRank: 32, valueRank: 32, keyBits: 2, valueBits: 8, latentGroup: 8),
    Kept(valueRank: 12, headGroup: 1), Kept(keyRank: 24, keyBits: 8, valueBits: 4),
  ]

  /// Codes that a rounding apart makes are a step apart, so few scores may differ by more than rounding.
  @Test(arguments: kept) func `a compressed memory gives libtorch's scores`(kept: Kept) throws {
    for shape in [Shape(), Shape(bias: .queryKeyValue, positions: .none)] {
      let model = try shape.model()
      try kept.apply(to: model)
      let isRounded = kept.keyBits != nil || kept.valueBits != nil
      for set in InstructionSet.available {
        let tokens = Self.tokens(Self.length(for: set))
        let expected = Self.expected(model, tokens)
        let greatest = expected.reduce(0) { max($0, $1.magnitude) }
        let found = try Self.found(Self.exported(model, instructionSet: set), tokens)
        let apart = zip(found, expected).count { !(($0 - $1).magnitude <= 2e-4 * greatest) }
        let mean = zip(found, expected).reduce(0) { $0 + Double(($1.0 - $1.1).magnitude) } / Double(found.count)
        #expect(apart == 0 || isRounded, "\(set): \(Self.distance(found, expected)) of \(greatest)")
        #expect(mean <= (isRounded ? 2e-3 : 2e-5) * Double(greatest), "\(set): \(mean) of \(greatest)")
      }
    }
  }

  @Test(arguments: kept) func `a compressed memory does not depend on the pieces`(kept: Kept) throws {
    let model = try Shape().model()
    try kept.apply(to: model)
    let exported = try Self.exported(model, numbers: .float16)
    let tokens = Self.tokens(300)
    let whole = try Self.found(exported, tokens)
    #expect(try Self.found(exported, tokens, pieces: [1, 1, 40, 7, 200, 1, 1]) == whole)
  }

  static let weights: [(LanguageExporter.Weights, tolerance: Double)] = [
    (.f16, 1e-3), (.bf16, 5e-3), (.int8, 1e-2), (.int4(groupSize: 32), 0.1),
  ]

  /// Random weights are spread evenly, so that a step of 4 bits moves scores as much as it can.
  @Test(arguments: weights) func `rounded weights keep the scores, and pieces change no bit`(
    weights: LanguageExporter.Weights, tolerance: Double
  ) throws {
    let model = try Shape(bias: .queryKeyValue).model()
    let tokens = Self.tokens(70)
    let expected = Self.expected(model, tokens)
    let exported = try Self.exported(model, weights: weights)
    let found = try Self.found(exported, tokens)
    let greatest = Double(expected.reduce(0) { max($0, $1.magnitude) })
    let mean = zip(found, expected).reduce(0) { $0 + Double(($1.0 - $1.1).magnitude) } / Double(found.count)
    #expect(mean <= tolerance * greatest, "\(mean) of \(greatest)")
    #expect(try Self.found(exported, tokens, pieces: [1, 1, 30, 2]) == found)
  }

  @Test(arguments: [LanguageExporter.Weights.fp32, .int8])
  func `pruned layers are stored by their pattern`(weights: LanguageExporter.Weights) throws {
    let model = try Shape().model()
    withNoGradient {
      for (path, tensor) in model.namedParameters() where path.hasSuffix("_proj.weight") {
        let mask = Tensor([1, 0, 0, 1], shape: [1, 1, 4])
        let shape = tensor.shape
        _ = tensor.copyInPlace(from: (tensor.reshaped([shape[0], shape[1] / 4, 4]) * mask).reshaped(shape))
      }
    }
    let tokens = Self.tokens(40)
    let expected = Self.expected(model, tokens)
    var exporter = LanguageExporter()
    (exporter.weights, exporter.numbers) = (weights, .float32)
    let (program, constants) = try exporter.export(model, name: "pruned")
    let patterns = program.constants.filter { $0.name.hasPrefix("layers.") && $0.shape.count == 2 }.map(
      \.encoding.pattern)
    #expect(patterns.count == 8 && patterns.allSatisfy { $0 == SparsityPattern(keeping: 2, of: 4) })
    let found = try Self.found(
      LanguageModel(program.container(constants: constants, tokenizer: Self.tokenizer), threads: 2), tokens)
    let greatest = expected.reduce(0) { max($0, $1.magnitude) }
    #expect(Self.distance(found, expected) <= (weights == .fp32 ? 1e-4 : 0.1) * greatest)
  }
}
