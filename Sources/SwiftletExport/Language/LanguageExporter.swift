import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletRuntime
import SwiftletTensor

/// From a language model as libtorch has it to the program and the constants of a model file.
///
/// What a layer keeps of a token follows from its projections of keys and values: latents with their codes, heads in few bits,
/// or whole numbers. The turn of values in few bits is folded into the projections around them; keys are turned as they
/// come, because their positions turn them before. Queries, keys and values are one matrix, and so are gate and value of
/// the feed-forward layer, where their weights are stored alike.
public struct LanguageExporter {
  /// How the weights of layers are stored.
  public enum Weights: Hashable, Sendable {
    case fp32, bf16, f16
    /// With a scale an output, multiplied in integers with tokens that are rounded as the layer runs.
    case int8
    /// So many neighbours of a row share a scale and an offset, multiplied likewise: 32, 64 or 128. Matrices whose rows are no
    /// multiple are stored in 8 bits.
    case int4(groupSize: Int)
  }

  public var weights = Weights.fp32
  /// Of the table of tokens, and of the layer that scores them; nil is the layers' own, and 8 bits where that is 4.
  public var tableWeights: Weights?
  /// Of keys and values that are not in few bits: `.float32`, `.bfloat16` or `.float16`.
  public var numbers = LanguageProgram.Memory.Format.float16
  /// Free texts for the file, by topic.
  public var notes: [String: String] = [:]

  public init() {}

  /// - Throws: `ExportError` for what the runtime has no counterpart for, and for weights that are no numbers.
  public func export(
    _ model: LlamaModel, name: String
  ) throws -> (program: LanguageProgram, constants: [EncodedConstant]) {
    var maker = LanguageConstants(weights: weights)
    let configuration = model.configuration
    let tables = tableWeights ?? (maker.isInt4 ? .int8 : weights)
    let embedding = try maker.matrix("embedding.weight", model.embedding.weight, as: tables)
    let head =
      try model.head.map {
        LanguageProgram.Projection(
          weight: try maker.matrix("head.weight", try linear($0, at: "lm_head").weight, as: tables))
      } ?? LanguageProgram.Projection(weight: embedding)
    var layers: [LanguageProgram.Layer] = []
    for (index, block) in model.blocks.enumerated() {
      layers.append(try layer(block, at: index, configuration, &maker))
    }
    let program = LanguageProgram(
      name: name, vocabulary: configuration.vocabulary, contextLength: configuration.context,
      width: configuration.width, headWidth: configuration.headWidth, heads: configuration.heads,
      keyHeads: configuration.keyHeads, hidden: configuration.hidden, activation: configuration.activation.graph,
      normEpsilon: configuration.normEpsilon, positions: try positions(configuration, &maker), embedding: embedding,
      layers: layers, norm: try maker.vector("norm.weight", model.norm.weight), head: head,
      beginning: configuration.beginningToken, ends: configuration.endTokens, constants: maker.all.map(\.constant),
      notes: notes)
    try program.validate()
    return (program, maker.all)
  }

  private func positions(
    _ configuration: LlamaConfiguration, _ maker: inout LanguageConstants
  ) throws -> LanguageProgram.Positions {
    switch configuration.positions {
    case .none: return .none
    case .linearBiases:
      let slopes = Tensor(
        CausalBias.linearSlopes(heads: configuration.heads).map(Float.init), shape: [configuration.heads])
      return .linearBiases(slopes: try maker.vector("positions.slopes", slopes))
    case .rotary(let base, let scaling):
      let embedding = RotaryEmbedding(width: configuration.headWidth, base: base, scaling: scaling)
      // No text is longer, so that frequencies that grow with it are those of its greatest length that changes nothing.
      let frequencies = embedding.frequencies(length: configuration.context)
      return .rotary(
        frequencies: try maker.vector("positions.frequencies", frequencies), factor: embedding.attentionFactor)
    }
  }

  private func layer(
    _ block: LlamaBlock, at index: Int, _ configuration: LlamaConfiguration, _ maker: inout LanguageConstants
  ) throws -> LanguageProgram.Layer {
    let place = "layers.\(index)"
    let attention = block.attention
    guard let feedForward = block.feedForward as? GatedFeedForward else {
      throw ExportError.unsupported(
        operation: "\(type(of: block.feedForward))", place: "\(place).mlp", reason: "only gated feed-forward layers run"
      )
    }
    guard attention.whole == WholeTokens() else {
      throw ExportError.unsupported(
        operation: "a cache that keeps tokens whole", place: "\(place).self_attn",
        reason: "the runtime rounds every token alike")
    }
    let heads = try MemoryTurn(attention, at: "\(place).self_attn")
    let query = try linear(attention.query, at: "\(place).self_attn.q_proj")
    let keys = try side(
      attention.key, heads.keyQuantizer, at: "\(place).keys", attention, &maker,
      turn: heads.keyQuantizer == nil ? nil : heads.turn)
    let values = try side(attention.value, heads.valueQuantizer, at: "\(place).values", attention, &maker)
    let valueTurn = heads.valueQuantizer == nil ? nil : heads.turn
    let inputs = [
      LanguageConstants.Part(query.weight, bias: query.bias), keys.input,
      values.input.map { $0.turned(by: valueTurn, heads: attention.keyHeads) },
    ].compactMap(\.self)
    let output = try linear(attention.output, at: "\(place).self_attn.o_proj")
    func matrices(_ name: String, _ parts: [LanguageConstants.Part]) throws -> [LanguageProgram.Projection] {
      try maker.projections("\(place).\(name)", parts)
    }
    let (gate, up, down) = (
      try linear(feedForward.gate, at: "\(place).mlp.gate_proj"),
      try linear(feedForward.up, at: "\(place).mlp.up_proj"),
      try linear(feedForward.down, at: "\(place).mlp.down_proj")
    )
    return LanguageProgram.Layer(
      attentionNorm: try maker.vector("\(place).attention.norm.weight", block.norm1.weight),
      attentionInputs: try matrices("attention.inputs", inputs), keys: keys.memory, values: values.memory,
      attentionOutput: try matrices(
        "attention.output",
        [
          .init(output.weight.turned(by: valueTurn, heads: attention.heads), bias: output.bias)
        ])[0],
      feedForwardNorm: try maker.vector("\(place).feedForward.norm.weight", block.norm2.weight),
      feedForwardInputs: try matrices(
        "feedForward.inputs", [.init(gate.weight, bias: gate.bias), .init(up.weight, bias: up.bias)]),
      feedForwardOutput: try matrices("feedForward.output", [.init(down.weight, bias: down.bias)])[0],
      window: attention.window)
  }

  /// What is kept of a side, and the projection that brings it; none where another layer keeps it.
  private func side(
    _ layer: any Layer, _ quantizer: LatentQuantizer?, at place: String, _ attention: LlamaAttention,
    _ maker: inout LanguageConstants, turn: Tensor? = nil
  ) throws -> (memory: LanguageProgram.Memory, input: LanguageConstants.Part?) {
    let headWidth = attention.headWidth
    func format(_ quantizer: LatentQuantizer?, width: Int) -> LanguageProgram.Memory.Format {
      quantizer.map { .codes(bits: $0.bits, slice: $0.group ?? width) } ?? numbers
    }
    func latents(
      _ lender: LowRankProjection, _ up: Tensor, _ bias: Tensor?, layersBefore: Int? = nil
    ) throws -> LanguageProgram.Memory {
      LanguageProgram.Memory(
        format(lender.quantizer, width: lender.rank), parts: lender.groups, width: lender.rank,
        up: try maker.dense("\(place).up", up, [attention.keyHeads, headWidth, lender.rank]),
        bias: try bias.map { try maker.vector("\(place).bias", $0) }, layersBefore: layersBefore)
    }
    switch layer {
    case let layer as LowRankProjection:
      return (try latents(layer, layer.up, layer.bias), .init(layer.down, bias: nil))
    case let layer as BorrowedProjection:
      return (try latents(layer.lender, layer.up, layer.bias, layersBefore: layer.layersBefore), nil)
    default:
      let layer = try linear(layer, at: place)
      let memory = LanguageProgram.Memory(
        format(quantizer, width: headWidth), parts: attention.keyHeads, width: headWidth,
        turn: try turn.map { try maker.dense("\(place).turn", $0.transposed(0, 1), [headWidth, headWidth]) })
      return (memory, .init(layer.weight, bias: layer.bias))
    }
  }

  private func linear(_ layer: any Layer, at place: String) throws(ExportError) -> Linear {
    guard let linear = layer as? Linear else {
      throw .unsupported(operation: "\(type(of: layer))", place: place, reason: "only linear layers run there")
    }
    return linear
  }
}

/// What an attention makes of whole heads before they are rounded.
private struct MemoryTurn {
  var keyQuantizer, valueQuantizer: LatentQuantizer?
  var turn: Tensor?

  init(_ attention: LlamaAttention, at place: String) throws(ExportError) {
    guard let memory = attention.memory else { return }
    guard let rotated = memory as? RotatedKeyValueMemory else {
      throw .unsupported(
        operation: "\(type(of: memory))", place: place, reason: "the runtime keeps a grid for each token and head")
    }
    (keyQuantizer, valueQuantizer, turn) = (rotated.keyQuantizer, rotated.valueQuantizer, rotated.turn)
  }
}

extension Activation {
  /// As the runtime calls it.
  fileprivate var graph: Graph.Activation {
    switch self {
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .quickGelu: .quickGelu
    case .relu: .relu
    case .silu: .silu
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    }
  }
}
