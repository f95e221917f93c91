import SwiftletModels
import SwiftletNN
import Testing

@Suite struct LlamaConfigurationTests {
  /// As Hugging Face carries it, but for the sizes of labels.
  private static let smollm2 = """
    {"_name_or_path": "x", "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
    "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 576, "initializer_range": 0.041666,
    "intermediate_size": 1536, "is_llama_config": true, "max_position_embeddings": 8192, "mlp_bias": false,
    "model_type": "llama", "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3,
    "pad_token_id": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_scaling": null,
    "rope_theta": 100000, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
    "transformers.js_config": {"kv_cache_dtype": {"q4f16": "float16"}}, "transformers_version": "4.42.3",
    "use_cache": true, "vocab_size": 49152}
    """

  private func read(_ json: String) throws -> LlamaConfiguration {
    try LlamaConfiguration(huggingFace: Array(json.utf8))
  }

  /// The text above with one key's value replaced, or one more key.
  private func changed(_ key: String, _ value: String) -> String {
    let own = Self.smollm2.firstRange(of: "\"\(key)\": ")
    guard let own else { return "{\"\(key)\": \(value), " + Self.smollm2.dropFirst() }
    let rest = Self.smollm2[own.upperBound...]
    let end = rest.firstIndex { ",}".contains($0) } ?? rest.endIndex
    return Self.smollm2[..<own.upperBound] + value + rest[end...]
  }

  @Test func `SmolLM2's config.json says what it is`() throws {
    var expected = LlamaConfiguration(
      vocabulary: 49152, width: 576, hidden: 1536, layers: 30, heads: 9, keyHeads: 3, context: 8192)
    expected.normEpsilon = 1e-5
    expected.positions = .rotary(base: 100_000)
    expected.tiesEmbeddings = true
    (expected.beginningToken, expected.endTokens) = (1, [2])
    #expect(try read(Self.smollm2) == expected)
    #expect(expected.headWidth == 64)
    #expect(expected.slots.count == 210)
    #expect(try read(changed("eos_token_id", "[2, 7]")).endTokens == [2, 7])
  }

  @Test func `scaled rotations are read as transformers 4 and 5 write them`() throws {
    func scaling(_ key: String, _ json: String) throws -> RotaryScaling? {
      if case .rotary(_, let scaling) = try read(changed(key, json)).positions { scaling } else { nil }
    }
    #expect(try scaling("rope_scaling", #"{"type": "linear", "factor": 4}"#) == .linear(factor: 4))
    #expect(
      try scaling("rope_scaling", #"{"rope_type": "dynamic", "factor": 2.0}"#)
        == .dynamic(factor: 2, trainedPositions: 8192))
    var elsewhere = try read(changed("rope_scaling", #"{"rope_type": "dynamic", "factor": 2.0}"#))
    #expect(try LlamaConfiguration(huggingFace: elsewhere.huggingFace()) == elsewhere)
    elsewhere.positions = .rotary(base: 10_000, scaling: .dynamic(factor: 2, trainedPositions: 100))
    #expect(throws: ConfigurationError.self) { try elsewhere.huggingFace() }
    let llama3 = RotaryScaling.llama3(factor: 8, lowFrequency: 1, highFrequency: 4, trainedPositions: 4096)
    #expect(
      try scaling(
        "rope_scaling",
        """
        {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 4096,
        "rope_type": "llama3"}
        """) == llama3)
    var yarn = RotaryScaling.YaRN(factor: 2, trainedPositions: 4096)
    #expect(
      try scaling("rope_parameters", #"{"rope_type": "yarn", "original_max_position_embeddings": 4096}"#) == .yarn(yarn)
    )
    #expect(abs(yarn.attentionFactor - 1.0693147) < 1e-6)
    (yarn.attentionFactor, yarn.truncates, yarn.fastTurns) = (1.5, false, 16)
    #expect(
      try scaling(
        "rope_parameters",
        """
        {"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 4096, "attention_factor": 1.5,
        "beta_fast": 16, "beta_slow": null, "truncate": false, "rope_theta": 100000.0}
        """) == .yarn(yarn))
  }

  @Test func `windows are those of each architecture`() throws {
    func windows(_ architecture: String, _ type: String, _ more: String) throws -> [Int?] {
      try read(
        """
        {"architectures": ["\(architecture)"], "model_type": "\(type)", "vocab_size": 10, "hidden_size": 8,
        "intermediate_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1,
        "max_position_embeddings": 100, "rms_norm_eps": 1e-6\(more)}
        """
      ).windows
    }
    #expect(try windows("MistralForCausalLM", "mistral", "") == [4096, 4096, 4096])
    #expect(try windows("MistralForCausalLM", "mistral", #", "sliding_window": null"#) == [nil, nil, nil])
    #expect(try windows("MistralForCausalLM", "mistral", #", "sliding_window": 7"#) == [7, 7, 7])
    #expect(
      try windows("Qwen2ForCausalLM", "qwen2", #", "sliding_window": 7, "max_window_layers": 1"#) == [nil, nil, nil])
    let slides = #", "use_sliding_window": true, "sliding_window": 7"#
    #expect(try windows("Qwen2ForCausalLM", "qwen2", slides + #", "max_window_layers": 1"#) == [nil, 7, 7])
    #expect(try windows("Qwen2ForCausalLM", "qwen2", slides) == [nil, nil, nil])
    #expect(
      try windows(
        "Qwen2ForCausalLM", "qwen2",
        slides + #", "layer_types": ["sliding_attention", "full_attention", "full_attention"]"#) == [7, nil, nil])
    #expect(
      try windows("SwiftletLlamaForCausalLM", "swiftlet_llama", #", "sliding_windows": [null, 5, 6]"#) == [nil, 5, 6])
  }

  @Test func `what is not understood is refused in one sentence`() throws {
    func refuses(_ json: String, _ message: String) {
      #expect(throws: ConfigurationError(message)) { try read(json) }
    }
    refuses("[1]", "config.json is [1], expected an object")
    refuses("{", "config.json: it is not JSON: at byte 1, a key is missing")
    refuses(
      changed("architectures", #"["GPT2LMHeadModel"]"#),
      "the architecture \"GPT2LMHeadModel\" is not read here, only LlamaForCausalLM, MistralForCausalLM, "
        + "Qwen2ForCausalLM, SwiftletLlamaForCausalLM")
    refuses(
      changed("model_type", #""mistral""#),
      "config.json contradicts itself: the architecture is LlamaForCausalLM, the model_type mistral")
    refuses(
      changed("clip_qkv", "8"),
      "config.json has clip_qkv = 8, which may change what the network computes and is not known here")
    refuses(
      changed("quantization_config", "{}"),
      "config.json says that the weights are quantised: take the network before that")
    refuses(
      changed("rope_scaling", #"{"rope_type": "longrope", "factor": 2}"#),
      "rotations of the kind \"longrope\" are not known here, only default, linear, dynamic, llama3 and yarn")
    refuses(
      changed("rope_scaling", #"{"type": "linear", "factor": 2, "alpha": 3}"#),
      "rope_scaling has alpha = 3, which may change what the network computes and is not known here")
    refuses(changed("rope_scaling", #"{"type": "linear"}"#), "rope_scaling has no factor")
    refuses(
      changed("rope_scaling", #"{"type": "linear", "factor": 0.5}"#),
      "the factor of the rotations' scaling is 0.5, it must be in 1...1e6")
    refuses(
      changed("rope_interleaved", "true"),
      "rope_interleaved of config.json is true: no network of the Llama family here is so")
    refuses(
      changed("partial_rotary_factor", "0.5"),
      "partial_rotary_factor of config.json is 0.5: heads are turned as a whole here")
    refuses(
      changed("hidden_act", #""swiglu""#),
      "hidden_act of config.json is \"swiglu\", expected gelu, gelu_pytorch_tanh, relu, silu, swish")
    refuses(changed("hidden_size", "577"), "hidden_size 577 is no multiple of num_attention_heads 9")
    refuses(changed("hidden_size", "null"), "config.json has no hidden_size")
    refuses(changed("hidden_size", #""576""#), "hidden_size of config.json is \"576\", expected a whole number")
    refuses(changed("num_hidden_layers", "9000000000"), "num_hidden_layers is 9000000000, it must be in 1...1024")
    refuses(
      changed("num_key_value_heads", "2"),
      "9 heads cannot share 2 heads of keys: choose a number that divides them")
    refuses(
      changed("head_dim", "7"), "a head of 7 elements has no pairs to turn: headWidth must be even")
    refuses(changed("rms_norm_eps", "0"), "normEpsilon 0.0 is not in 1e-20...1: 1e-5 is usual")
    refuses(changed("vocab_size", "0"), "vocabulary is 0, it must be in 1...16777216")
  }
}
