import SwiftletFiles
import SwiftletNN

extension LlamaConfiguration {
  /// A `config.json` that describes this shape: of Llama, Mistral or Qwen2 where one of them can say it, and else of our own
  /// architecture, which no other program reads.
  public func huggingFace() throws -> [UInt8] {
    try StrictJSON.encode(LlamaFile(self), pretty: true) + [UInt8(ascii: "\n")]
  }

  /// The architecture that can say this.
  fileprivate var architecture: LlamaArchitecture {
    guard case .rotary = positions else { return .swiftlet }
    let slides = windows.contains { $0 != nil }
    switch (attentionBias, feedForwardBias) {
    case (.queryKeyValue, false) where !slides: return .qwen2
    case (.none, false) where slides: return Set(windows).count == 1 ? .mistral : .swiftlet
    case (.none, _), (.all, _): return slides ? .swiftlet : .llama
    default: return .swiftlet
    }
  }
}

/// A configuration under Hugging Face's names.
private struct LlamaFile: Encodable {
  let shape: LlamaConfiguration

  init(_ shape: LlamaConfiguration) { self.shape = shape }

  enum Key: String, CodingKey {
    case architectures, factor, truncate
    case modelType = "model_type"
    case vocabulary = "vocab_size"
    case width = "hidden_size"
    case hidden = "intermediate_size"
    case layers = "num_hidden_layers"
    case heads = "num_attention_heads"
    case keyHeads = "num_key_value_heads"
    case headWidth = "head_dim"
    case context = "max_position_embeddings"
    case normEpsilon = "rms_norm_eps"
    case activation = "hidden_act"
    case tiesEmbeddings = "tie_word_embeddings"
    case beginningToken = "bos_token_id"
    case endTokens = "eos_token_id"
    case attentionBias = "attention_bias"
    case queryKeyValueBias = "qkv_bias"
    case feedForwardBias = "mlp_bias"
    case window = "sliding_window"
    case windows = "sliding_windows"
    case usesWindow = "use_sliding_window"
    case positions = "position_embedding_type"
    case rotation = "rope_scaling"
    case base = "rope_theta"
    case kind = "rope_type"
    case lowFrequency = "low_freq_factor"
    case highFrequency = "high_freq_factor"
    case trainedPositions = "original_max_position_embeddings"
    case attentionFactor = "attention_factor"
    case fastTurns = "beta_fast"
    case slowTurns = "beta_slow"
  }

  func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: Key.self)
    let architecture = shape.architecture
    guard let activation = LlamaConfiguration.activations.first(where: { $0.activation == shape.activation })?.word
    else {
      throw ConfigurationError("no config.json of this family can say the activation \(shape.activation.rawValue)")
    }
    try file.encode([architecture.rawValue], forKey: .architectures)
    try file.encode(architecture.modelType, forKey: .modelType)
    for (key, value) in [
      (Key.vocabulary, shape.vocabulary), (.width, shape.width), (.hidden, shape.hidden), (.layers, shape.layers),
      (.heads, shape.heads), (.keyHeads, shape.keyHeads), (.headWidth, shape.headWidth), (.context, shape.context),
    ] { try file.encode(value, forKey: key) }
    try file.encode(shape.normEpsilon, forKey: .normEpsilon)
    try file.encode(activation, forKey: .activation)
    try file.encode(shape.tiesEmbeddings, forKey: .tiesEmbeddings)
    try file.encodeIfPresent(shape.beginningToken, forKey: .beginningToken)
    if let only = shape.endTokens.first, shape.endTokens.count == 1 {
      try file.encode(only, forKey: .endTokens)
    } else if !shape.endTokens.isEmpty {
      try file.encode(shape.endTokens, forKey: .endTokens)
    }
    switch architecture {
    case .mistral: try file.encode(shape.windows.first ?? nil, forKey: .window)
    case .qwen2: try file.encode(false, forKey: .usesWindow)
    case .llama, .swiftlet:
      try file.encode(shape.attentionBias == .all, forKey: .attentionBias)
      try file.encode(shape.feedForwardBias, forKey: .feedForwardBias)
      guard architecture == .swiftlet else { break }
      try file.encode(shape.attentionBias == .queryKeyValue, forKey: .queryKeyValueBias)
      try file.encode(shape.windows, forKey: .windows)
    }
    switch shape.positions {
    case .rotary(let base, let scaling):
      if architecture == .swiftlet { try file.encode("rope", forKey: .positions) }
      // As every version of transformers reads it; since version 5 there is a newer spelling, which the earlier ones miss.
      try file.encode(base, forKey: .base)
      guard scaling != .none else { break }
      var rotation = file.nestedContainer(keyedBy: Key.self, forKey: .rotation)
      try Self.encode(scaling, context: shape.context, to: &rotation)
    case .linearBiases: try file.encode("alibi", forKey: .positions)
    case .none: try file.encode("none", forKey: .positions)
    }
  }

  private static func encode(
    _ scaling: RotaryScaling, context: Int, to rotation: inout KeyedEncodingContainer<Key>
  ) throws {
    func write(_ kind: String, _ numbers: [(Key, Double)], trained: Int? = nil) throws {
      try rotation.encode(kind, forKey: .kind)
      for (key, number) in numbers { try rotation.encode(number, forKey: key) }
      try rotation.encodeIfPresent(trained, forKey: .trainedPositions)
    }
    switch scaling {
    case .none: break
    case .linear(let factor): try write("linear", [(.factor, factor)])
    case .dynamic(let factor, let trained):
      // The format has no key of its own for it.
      guard trained == context else {
        throw ConfigurationError(
          "no config.json can say that dynamic scaling was trained on \(trained) positions in a context of \(context)")
      }
      try write("dynamic", [(.factor, factor)])
    case .llama3(let factor, let low, let high, let trained):
      try write("llama3", [(.factor, factor), (.lowFrequency, low), (.highFrequency, high)], trained: trained)
    case .yarn(let yarn):
      try write(
        "yarn",
        [
          (.factor, yarn.factor), (.attentionFactor, yarn.attentionFactor), (.fastTurns, yarn.fastTurns),
          (.slowTurns, yarn.slowTurns),
        ], trained: yarn.trainedPositions)
      try rotation.encode(yarn.truncates, forKey: .truncate)
    }
  }
}
