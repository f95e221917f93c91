import Foundation
import SwiftletFiles
import SwiftletModels
import SwiftletNN

/// The network that a GGUF file describes, by the keys of its architecture.
///
/// A key that is not known here is refused: what it says may change the network.
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, section "Standardized key-value pairs".
struct GGUFConfiguration {
  let shape: LlamaConfiguration
  /// Whether the rows of queries and keys were put into pairs of neighbours, as the conversion of Llamas does.
  let hasNeighbouringPairs: Bool

  /// Mistral's models come as `llama`.
  private static let architectures = ["llama", "qwen2"]
  private static let knownKeys: Set<String> = [
    "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
    "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
    "attention.layer_norm_epsilon", "attention.sliding_window", "attention.causal", "rope.dimension_count",
    "rope.freq_base", "rope.scale_linear", "rope.scaling.type", "rope.scaling.factor",
    "rope.scaling.original_context_length", "rope.scaling.finetuned", "rope.scaling.attn_factor",
    "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "vocab_size", "expert_count", "expert_used_count",
    "tensor_data_layout",
  ]

  /// - Throws: ``ImportError``, or `FileError` for a key whose value is of another type.
  init(_ file: GGUFFile, path: String) throws {
    guard let architecture = try file.text("general.architecture") else {
      throw ImportError(.unsupported, "says no general.architecture", path: path)
    }
    let keys = GGUFKeys(file: file, architecture: architecture, path: path)
    guard Self.architectures.contains(architecture) else {
      let read = Self.architectures.joined(separator: " and ")
      throw keys.error("is of the architecture \(architecture.quotedAsJSON), which is not read: \(read) are")
    }
    try keys.refuse(except: Self.knownKeys)
    let (width, heads) = (try keys.required("embedding_length"), try keys.required("attention.head_count"))
    let headWidth = try keys.count("attention.key_length")
    guard headWidth != nil || width.isMultiple(of: heads) else {
      throw keys.error("has the width \(width), which its \(heads) heads do not divide")
    }
    guard let table = file.tensors.first(where: { $0.name == "token_embd.weight" }), table.shape.count == 2 else {
      throw keys.error("lacks token_embd.weight, the table of the tokens")
    }
    var shape = LlamaConfiguration(
      vocabulary: table.shape[0], width: width, hidden: try keys.required("feed_forward_length"),
      layers: try keys.required("block_count", upTo: file.tensors.count), heads: heads,
      keyHeads: try keys.count("attention.head_count_kv"), headWidth: headWidth,
      context: try keys.required("context_length"))
    guard let epsilon = try keys.number("attention.layer_norm_rms_epsilon") else {
      throw keys.error("lacks \(architecture).attention.layer_norm_rms_epsilon")
    }
    shape.normEpsilon = epsilon
    shape.tiesEmbeddings = !file.tensors.contains { $0.name == "output.weight" }
    shape.beginningToken = try file.integer("tokenizer.ggml.bos_token_id")
    shape.endTokens = try file.integer("tokenizer.ggml.eos_token_id").map { [$0] } ?? []
    try shape.readBiases(file, architecture)
    if let window = try keys.count("attention.sliding_window") {
      guard architecture == "llama" else {
        throw keys.error("has a sliding window, which is not read of \(architecture)")
      }
      shape.windows = [Int?](repeating: window, count: shape.layers)
    }
    shape.positions = .rotary(
      base: try keys.number("rope.freq_base") ?? 10_000, scaling: try keys.scaling(of: shape))
    do { try shape.validate() } catch { throw ImportError(.damaged, "\(error)", path: path) }
    try keys.refuseContradictions(of: shape)
    (self.shape, hasNeighbouringPairs) = (shape, architecture == "llama")
  }
}

extension LlamaConfiguration {
  /// Biases show in the tensors of the first block; every other block has to have the same.
  fileprivate mutating func readBiases(_ file: GGUFFile, _ architecture: String) throws {
    let names = Set(file.tensors.lazy.map(\.name))
    attentionBias =
      architecture == "qwen2" ? .queryKeyValue : names.contains("blk.0.attn_q.bias") ? .all : .none
    feedForwardBias = names.contains("blk.0.ffn_gate.bias")
  }
}

/// The keys of one architecture in a GGUF file.
private struct GGUFKeys {
  let file: GGUFFile
  let architecture, path: String

  private func name(_ key: String) -> String { "\(architecture).\(key)" }

  func error(_ message: String) -> ImportError { ImportError(.unsupported, message, path: path) }

  func refuse(except known: Set<String>) throws(ImportError) {
    let prefix = architecture + "."
    let strangers = file.metadata.keys.filter {
      $0.hasPrefix(prefix) && !known.contains(String($0.dropFirst(prefix.count)))
    }
    if let stranger = strangers.min() {
      throw error("says \(stranger), which is not known here and may change the network")
    }
  }

  /// A count from 1 on; nil where the key is missing, or 0, which stands for "none" there.
  func count(_ key: String, upTo limit: Int = 1 << 30) throws -> Int? {
    guard let value = try file.integer(name(key)), value != 0 else { return nil }
    guard 1...limit ~= value else {
      throw ImportError(.damaged, "\(name(key)) is \(value), expected 1 to \(limit)", path: path)
    }
    return value
  }

  func required(_ key: String, upTo limit: Int = 1 << 30) throws -> Int {
    guard let value = try count(key, upTo: limit) else { throw ImportError(.damaged, "lacks \(name(key))", path: path) }
    return value
  }

  /// A number, in the fewest digits that give the same float: what was 1e-5 in a configuration is that again.
  func number(_ key: String) throws -> Double? {
    guard let value = try file.number(name(key)) else { return nil }
    guard value.isFinite, let decimal = Double("\(Float(value))"), decimal.isFinite else {
      throw ImportError(.damaged, "\(name(key)) is \(value), which is no number to compute with", path: path)
    }
    return decimal
  }

  /// What is said twice has to be said alike, and what is not read has to be absent.
  func refuseContradictions(of shape: LlamaConfiguration) throws {
    for (key, expected) in [
      ("vocab_size", shape.vocabulary), ("rope.dimension_count", shape.headWidth),
      ("attention.value_length", shape.headWidth),
    ] {
      if let value = try count(key), value != expected {
        throw error("says \(name(key)) \(value), where \(expected) follows from its tensors and other keys")
      }
    }
    if let experts = try count("expert_count") { throw error("is a mixture of \(experts) experts, which is not read") }
    if try file.flag(name("attention.causal")) == false { throw error("attends in both directions, which is not read") }
  }

  /// How rotations are scaled: by keys, or by the factors that Llama 3's rule gives, which stand in a tensor.
  ///
  /// A factor without a kind is linear, and `rope.scale_linear` its older name.
  /// Source: https://github.com/ggml-org/llama.cpp, src/llama-model.cpp, `load_hparams`.
  func scaling(of shape: LlamaConfiguration) throws -> RotaryScaling {
    let said = try file.text(name("rope.scaling.type"))
    let factors = file.tensors.first { $0.name == Self.factorTensor }
    let (new, old) = ("rope.scaling.factor", "rope.scale_linear")
    let key = try said == nil && number(new) == nil ? old : new
    let kind = try said ?? (number(key) ?? 1 == 1 ? "none" : "linear")
    guard ["none", "linear", "yarn"].contains(kind) else {
      throw error("scales its rotations by \(kind.quotedAsJSON), which is not read: none, linear and yarn are")
    }
    guard kind == "none" || factors == nil else {
      throw error("scales its rotations by \(kind) and by the tensor \(Self.factorTensor) at once")
    }
    for other in [new, old, "rope.scaling.attn_factor"] where other != key || kind == "none" {
      if let value = try number(other), value != 1 {
        throw error("says \(name(other)) \(value), only 1 is read where rotations are scaled by \(kind)")
      }
    }
    switch kind {
    case "linear": return .linear(factor: try factor(key))
    case "yarn":
      var yarn = RotaryScaling.YaRN(
        factor: try factor(key), trainedPositions: try required("rope.scaling.original_context_length"))
      if let fast = try number("rope.scaling.yarn_beta_fast") { yarn.fastTurns = fast }
      if let slow = try number("rope.scaling.yarn_beta_slow") { yarn.slowTurns = slow }
      return .yarn(yarn)
    default: return try factors.map { try llama3($0, of: shape) } ?? .none
    }
  }

  static let factorTensor = "rope_freqs.weight"

  private func factor(_ key: String) throws -> Double {
    guard let factor = try number(key) else { throw error("lacks \(name(key))") }
    return factor
  }

  /// Llama 3's rule with the settings that it was published with, if the tensor holds what it gives.
  ///
  /// The factor is the one of the slowest rotation. The rest cannot be read off uniquely; every published model has these.
  private func llama3(_ tensor: GGUFFile.Tensor, of shape: LlamaConfiguration) throws -> RotaryScaling {
    let pairs = shape.headWidth / 2
    guard tensor.shape == [pairs] else {
      throw ImportError(
        .damaged, "\(tensor.name) has shape \(tensor.shape), heads of \(shape.headWidth) have \(pairs) rotations",
        path: path)
    }
    var found = [Float](repeating: .nan, count: pairs)
    found.withUnsafeMutableBufferPointer { file.decode(tensor, row: 0, into: $0) }
    let (low, high, trained) = (1.0, 4.0, 8192)
    let factor = Double(found.last ?? 1)
    let base = try number("rope.freq_base") ?? 10_000
    for (pair, value) in found.enumerated() {
      let turns = Double(trained) * pow(base, -Double(pair) / Double(pairs)) / (2 * .pi)
      let share = min(max((turns - low) / (high - low), 0), 1)
      let expected = 1 / ((1 - share) / factor + share)
      // The conversion computes in floats.
      guard abs(Double(value) - expected) <= 1e-3 * expected else {
        throw error(
          "\(tensor.name) holds \(value) for rotation \(pair), Llama 3's rule gives \(expected): other scalings are not read"
        )
      }
    }
    return .llama3(factor: factor, lowFrequency: low, highFrequency: high, trainedPositions: trained)
  }
}
