import SwiftletFiles
import SwiftletNN

extension LlamaConfiguration {
  /// The shape that a `config.json` of Hugging Face describes.
  ///
  /// - Throws: ``ConfigurationError`` for another architecture, for a key that may change the computation and is not known
  ///   here, for a kind of scaled rotations that is not, and for values that describe no network.
  public init(huggingFace json: [UInt8]) throws(ConfigurationError) {
    let value: JSONValue
    do {
      value = try json.withUnsafeBytes { bytes throws(JSONSyntaxError) in try JSONValue(parsing: bytes) }
    } catch {
      throw ConfigurationError("config.json: \(error)")
    }
    try self.init(huggingFace: value)
  }

  package init(huggingFace value: JSONValue) throws(ConfigurationError) {
    var fields = try ConfigurationFields(value, name: "config.json")
    let architecture = try LlamaArchitecture(&fields)
    if fields.value("quantization_config") != nil {
      throw ConfigurationError("config.json says that the weights are quantised: take the network before that")
    }
    let (width, heads) = (try fields.requiredInteger("hidden_size"), try fields.requiredInteger("num_attention_heads"))
    guard heads > 0 else { throw ConfigurationError("num_attention_heads of config.json is \(heads)") }
    let headWidth = try fields.integer("head_dim")
    guard headWidth != nil || width.isMultiple(of: heads) else {
      throw ConfigurationError("hidden_size \(width) is no multiple of num_attention_heads \(heads)")
    }
    let layers = try fields.requiredInteger("num_hidden_layers")
    // As many as there are windows.
    try check("num_hidden_layers", layers, in: 1...1024)
    try self.init(
      vocabulary: fields.requiredInteger("vocab_size"), width: width,
      hidden: fields.requiredInteger("intermediate_size"),
      layers: layers, heads: heads, keyHeads: Self.keyHeads(&fields, architecture), headWidth: headWidth,
      context: fields.requiredInteger("max_position_embeddings"))
    normEpsilon = try fields.requiredNumber("rms_norm_eps")
    activation = try Self.activation(&fields)
    tiesEmbeddings = try fields.flag("tie_word_embeddings") ?? false
    (beginningToken, endTokens) = (try fields.integer("bos_token_id"), try Self.endTokens(&fields))
    try readBiases(&fields, architecture)
    windows = try Self.windows(&fields, architecture, layers: layers)
    positions = try Self.positions(&fields, architecture, context: context)
    try Self.refuseContradictions(&fields)
    try fields.refuseOthers(except: Self.inertKeys)
    try validate()
  }

  private static func keyHeads(
    _ fields: inout ConfigurationFields, _ architecture: LlamaArchitecture
  ) throws(ConfigurationError) -> Int? {
    let heads = try fields.integer("num_key_value_heads")
    // The defaults of the others are numbers that fit one size.
    guard heads != nil || architecture == .llama || fields.isNull("num_key_value_heads") else {
      throw fields.missing("num_key_value_heads")
    }
    return heads
  }

  /// Their words in a configuration; of two for one activation the first is written.
  static let activations: [(word: String, activation: Activation)] = [
    ("silu", .silu), ("swish", .silu), ("gelu", .gelu), ("gelu_pytorch_tanh", .geluTanh), ("relu", .relu),
  ]

  private static func activation(_ fields: inout ConfigurationFields) throws(ConfigurationError) -> Activation {
    let word = try fields.text("hidden_act") ?? "silu"
    guard let activation = activations.first(where: { $0.word == word })?.activation else {
      throw ConfigurationError(
        "hidden_act of config.json is \(word.debugDescription), expected "
          + activations.map(\.word).sorted().joined(separator: ", "))
    }
    return activation
  }

  private static func endTokens(_ fields: inout ConfigurationFields) throws(ConfigurationError) -> [Int] {
    guard let value = fields.value("eos_token_id") else { return [] }
    let tokens = (value.list ?? [value]).map(\.integer)
    guard !tokens.contains(nil) else {
      throw ConfigurationError("eos_token_id of config.json is \(value), expected a whole number or a list of them")
    }
    return tokens.compactMap(\.self)
  }

  private mutating func readBiases(
    _ fields: inout ConfigurationFields, _ architecture: LlamaArchitecture
  ) throws(ConfigurationError) {
    switch architecture {
    case .mistral: attentionBias = .none
    case .qwen2: attentionBias = .queryKeyValue
    case .llama, .swiftlet:
      attentionBias = try fields.flag("attention_bias") ?? false ? .all : .none
      feedForwardBias = try fields.flag("mlp_bias") ?? false
      if architecture == .swiftlet, try fields.flag("qkv_bias") ?? false { attentionBias = .queryKeyValue }
    }
  }

  private static func windows(
    _ fields: inout ConfigurationFields, _ architecture: LlamaArchitecture, layers: Int
  ) throws(ConfigurationError) -> [Int?] {
    let everywhere = [Int?](repeating: nil, count: layers)
    /// Absent is 4096, and `null` none.
    func window() throws(ConfigurationError) -> Int? {
      try fields.integer("sliding_window") ?? (fields.isNull("sliding_window") ? nil : 4096)
    }
    switch architecture {
    case .llama: return everywhere
    case .mistral:
      let window = try window()
      return everywhere.map { _ in window }
    case .qwen2:
      let slides = try fields.flag("use_sliding_window") ?? false
      let window = try window()
      let first = try fields.integer("max_window_layers") ?? 28
      let kinds = try fields.list("layer_types")
      guard slides, let window else {
        guard kinds?.allSatisfy({ $0.text == "full_attention" }) ?? true else {
          throw ConfigurationError("layer_types of config.json name sliding_attention, and no window is used")
        }
        return everywhere
      }
      guard let kinds else { return everywhere.indices.map { $0 >= first ? window : nil } }
      guard kinds.count == layers else {
        throw ConfigurationError("layer_types of config.json are \(kinds.count), there are \(layers) layers")
      }
      var windows = everywhere
      for (layer, kind) in kinds.enumerated() {
        switch kind.text {
        case "full_attention": continue
        case "sliding_attention": windows[layer] = window
        default:
          throw ConfigurationError(
            "layer_types of config.json has \(kind), expected full_attention or sliding_attention")
        }
      }
      return windows
    case .swiftlet:
      guard let list = try fields.list("sliding_windows") else { return everywhere }
      guard list.count == layers else {
        throw ConfigurationError("sliding_windows of config.json are \(list.count), there are \(layers) layers")
      }
      var windows = everywhere
      for (layer, value) in list.enumerated() {
        if case .other("null") = value { continue }
        guard let window = value.integer else {
          throw ConfigurationError("sliding_windows of config.json has \(value), expected a whole number or null")
        }
        windows[layer] = window
      }
      return windows
    }
  }

  /// Keys whose other values would mean another network.
  private static func refuseContradictions(_ fields: inout ConfigurationFields) throws(ConfigurationError) {
    for key in ["is_encoder_decoder", "add_cross_attention", "rope_interleaved"] where try fields.flag(key) ?? false {
      throw ConfigurationError("\(key) of config.json is true: no network of the Llama family here is so")
    }
    if let factor = try fields.number("partial_rotary_factor"), factor != 1 {
      throw ConfigurationError("partial_rotary_factor of config.json is \(factor): heads are turned as a whole here")
    }
  }

  /// What does not change the scores of a network that is not trained: origin, training, generation, layout of results.
  private static let inertKeys: Set<String> = [
    "_attn_implementation", "_name_or_path", "attention_dropout", "bad_words_ids", "begin_suppress_tokens",
    "chunk_size_feed_forward", "cross_attention_hidden_size", "decoder_start_token_id", "diversity_penalty",
    "do_sample",
    "dtype", "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "finetuning_task",
    "forced_bos_token_id", "forced_eos_token_id", "id2label", "initializer_range", "is_decoder", "is_llama_config",
    "label2id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
    "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "pad_token_id", "prefix",
    "pretraining_tp", "problem_type", "pruned_heads", "remove_invalid_values", "repetition_penalty", "return_dict",
    "return_dict_in_generate", "sep_token_id", "suppress_tokens", "task_specific_params", "temperature",
    "tf_legacy_loss", "tie_encoder_decoder", "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript",
    "transformers.js_config", "transformers_version", "typical_p", "unk_token_id", "unsloth_fixed", "unsloth_version",
    "use_bfloat16", "use_cache",
  ]
}
