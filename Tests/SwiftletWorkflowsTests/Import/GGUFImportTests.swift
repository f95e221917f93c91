import Foundation
import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletText
import TestSupport
import Testing

@testable import SwiftletWorkflows

/// Oracle: `tools/goldens/gguf.py` writes small networks as llama.cpp's conversion does, with gguf, and the weights that they
/// were made of, decoded by gguf and put back by transformers' rule.
@Suite struct GGUFImportTests {
  @Test(arguments: ["llama", "qwen2"]) func `a network comes out as it went in, bit for bit`(family: String) throws {
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "made")
    let work = try ModelImport(of: importGoldens.appending(path: "\(family).gguf"))
    let result = try work.write(to: place)
    let expected = try weights(in: importGoldens.appending(path: "\(family).safetensors"))
    let found = try weights(in: place)
    #expect(found.keys.sorted() == expected.keys.sorted())
    for (name, values) in expected where found[name] != values { Issue.record("\(name) differs") }
    #expect(result.parameters == expected.values.reduce(0) { $0 + $1.count } && result.precision == "F32")
    #expect(
      try contents(of: place).keys.sorted() == [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["made"])
  }

  @Test func `the keys of a Llama become its configuration`() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "made")
    _ = try ModelImport(of: importGoldens.appending(path: "llama.gguf")).write(to: place)
    let shape = try LlamaConfiguration(folder: place)
    #expect(shape.vocabulary == 259 && shape.width == 32 && shape.hidden == 64 && shape.layers == 2)
    #expect(shape.heads == 4 && shape.keyHeads == 2 && shape.headWidth == 8 && shape.context == 131_072)
    // What was 1e-5 before it became a float.
    #expect(shape.normEpsilon == 1e-5 && shape.tiesEmbeddings && shape.attentionBias == .all)
    #expect(shape.beginningToken == 258 && shape.endTokens == [258])
    // From the tensor of factors.
    #expect(
      shape.positions
        == .rotary(
          base: 500_000, scaling: .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, trainedPositions: 8192)))
    let text = String(decoding: try Data(contentsOf: place.appending(path: "config.json")), as: UTF8.self)
    #expect(text.contains("\"torch_dtype\": \"float32\""))
    let tokenizer = try Tokenizer(folder: place)
    #expect(tokenizer.encode("ab a").map { tokenizer.token($0) } == ["ab", "Ġa"])
  }

  @Test func `the keys of a Qwen2 become its configuration`() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "made")
    _ = try ModelImport(of: importGoldens.appending(path: "qwen2.gguf")).write(to: place)
    let shape = try LlamaConfiguration(folder: place)
    #expect(shape.attentionBias == .queryKeyValue && !shape.tiesEmbeddings && shape.layers == 1)
    #expect(shape.positions == .rotary(base: 1_000_000))
  }

  /// A Llama of one layer whose keys are chosen.
  static func llama(_ change: (inout GGUFBuilder) -> Void = { _ in }) -> GGUFBuilder {
    var file = GGUFBuilder()
    file.set("general.architecture", "llama")
    for (key, value) in [
      ("block_count", 1), ("context_length", 64), ("embedding_length", 8), ("feed_forward_length", 4),
      ("attention.head_count", 2), ("attention.head_count_kv", 1),
    ] as [(String, UInt32)] { file.set("llama." + key, value) }
    file.set("llama.attention.layer_norm_rms_epsilon", float: Float(1e-6))
    let shapes: KeyValuePairs<String, [Int]> = [
      "token_embd.weight": [10, 8], "output_norm.weight": [8], "blk.0.attn_norm.weight": [8],
      "blk.0.ffn_norm.weight": [8], "blk.0.attn_q.weight": [8, 8], "blk.0.attn_k.weight": [4, 8],
      "blk.0.attn_v.weight": [4, 8], "blk.0.attn_output.weight": [8, 8], "blk.0.ffn_gate.weight": [4, 8],
      "blk.0.ffn_up.weight": [4, 8], "blk.0.ffn_down.weight": [8, 4],
    ]
    for (name, shape) in shapes { file.add(name, shape: shape, (0..<shape.reduce(1, *)).map { Float($0) }) }
    change(&file)
    return file
  }

  private func configuration(_ builder: GGUFBuilder) throws -> LlamaConfiguration {
    try GGUFConfiguration(GGUFFile(MappedFile(copying: builder.bytes)), path: "x.gguf").shape
  }

  @Test func `scalings of rotations, windows and widths of heads are read`() throws {
    #expect(try configuration(Self.llama()).positions == .rotary(base: 10_000))
    let linear = try configuration(
      Self.llama {
        $0.set("llama.rope.scaling.type", "linear")
        $0.set("llama.rope.scaling.factor", float: Float(2.5))
        $0.set("llama.rope.freq_base", float: Float(5e5))
      })
    #expect(linear.positions == .rotary(base: 500_000, scaling: .linear(factor: 2.5)))
    let old = try configuration(Self.llama { $0.set("llama.rope.scale_linear", float: Float(4)) })
    #expect(old.positions == .rotary(base: 10_000, scaling: .linear(factor: 4)))
    // As llama.cpp reads it.
    let unnamed = try configuration(
      Self.llama {
        $0.set("llama.rope.scaling.factor", float: Float(8))
        $0.set("llama.rope.scale_linear", float: Float(1))
      })
    #expect(unnamed.positions == .rotary(base: 10_000, scaling: .linear(factor: 8)))
    let neutral = try configuration(
      Self.llama {
        for key in ["scaling.factor", "scale_linear", "scaling.attn_factor"] { $0.set("llama.rope.\(key)", float: 1) }
        $0.add("rope_freqs.weight", shape: [2], [1, 1])
      })
    #expect(
      neutral.positions
        == .rotary(
          base: 10_000, scaling: .llama3(factor: 1, lowFrequency: 1, highFrequency: 4, trainedPositions: 8192)))
    let yarn = try configuration(
      Self.llama {
        $0.set("llama.rope.scaling.type", "yarn")
        $0.set("llama.rope.scaling.factor", float: Float(4))
        $0.set("llama.rope.scaling.original_context_length", 16)
        $0.set("llama.rope.scaling.yarn_beta_fast", float: Float(24))
      })
    var expected = RotaryScaling.YaRN(factor: 4, trainedPositions: 16)
    expected.fastTurns = 24
    #expect(yarn.positions == .rotary(base: 10_000, scaling: .yarn(expected)))
    #expect(try configuration(Self.llama { $0.set("llama.attention.sliding_window", 16) }).windows == [16])
    #expect(try configuration(Self.llama { $0.set("llama.attention.key_length", 6) }).headWidth == 6)
    #expect(try configuration(Self.llama { $0.keys.removeAll { $0.name.hasSuffix("head_count_kv") } }).keyHeads == 2)
  }

  /// Hand: in a head of four the file's rows 0, 1, 2, 3 are the pairs (0, 1) and (2, 3); Hugging Face wants 0, 2, 1, 3.
  @Test func `rows of queries go from neighbours to halves`() {
    #expect((0..<8).map { RotaryRows.neighbouring($0, headWidth: 4) } == [0, 2, 1, 3, 4, 6, 5, 7])
    #expect((0..<6).map { RotaryRows.neighbouring($0, headWidth: 6) } == [0, 2, 4, 1, 3, 5])
  }

  @Test func `what is no Llama, or contradicts itself, is one sentence`() throws {
    let folder = try TemporaryFolder()
    func told(_ change: @escaping (inout GGUFBuilder) -> Void) throws -> String {
      try folder.write(Self.llama(change).bytes, to: "x.gguf")
      return sentence { try ModelImport(of: folder.url.appending(path: "x.gguf")) }
    }
    func drop(_ part: String) -> (inout GGUFBuilder) -> Void { { $0.keys.removeAll { $0.name.hasSuffix(part) } } }
    for (part, change) in [
      (
        "of the architecture \"mamba\", which is not read: llama and qwen2 are",
        { $0.keys[0].bytes = GGUFBuilder.text("mamba") }
      ),
      ("says no general.architecture", drop("architecture")),
      (
        "its general.architecture is an integer, expected text",
        { $0.keys[0] = ("general.architecture", 4, [1, 0, 0, 0]) }
      ),
      ("lacks llama.block_count", drop("block_count")), ("lacks llama.context_length", drop("context_length")),
      ("lacks llama.attention.layer_norm_rms_epsilon", drop("epsilon")),
      (
        "llama.block_count is 4000000000, expected 1 to 11",
        { $0.keys[1].bytes = GGUFBuilder.little(UInt32(4_000_000_000)) }
      ),
      ("lacks the tensor blk.1.attn_norm.weight", { $0.keys[1].bytes = GGUFBuilder.little(UInt32(2)) }),
      ("says llama.foo, which is not known here", { $0.set("llama.foo", 1) }),
      ("is a mixture of 8 experts", { $0.set("llama.expert_count", 8) }),
      ("attends in both directions", { $0.set("llama.attention.causal", false) }),
      ("says llama.vocab_size 11, where 10 follows", { $0.set("llama.vocab_size", 11) }),
      ("says llama.rope.dimension_count 2, where 4 follows", { $0.set("llama.rope.dimension_count", 2) }),
      ("scales its rotations by \"longrope\", which is not read", { $0.set("llama.rope.scaling.type", "longrope") }),
      ("lacks llama.rope.scaling.factor", { $0.set("llama.rope.scaling.type", "linear") }),
      (
        "says llama.rope.scaling.factor 4.0, only 1 is read where rotations are scaled by none",
        {
          $0.set("llama.rope.scaling.type", "none")
          $0.set("llama.rope.scaling.factor", float: 4)
        }
      ),
      (
        "says llama.rope.scale_linear 4.0, only 1 is read where rotations are scaled by none",
        {
          $0.set("llama.rope.scaling.type", "none")
          $0.set("llama.rope.scale_linear", float: 4)
        }
      ),
      (
        "says llama.rope.scale_linear 4.0, only 1 is read where rotations are scaled by linear",
        {
          $0.set("llama.rope.scaling.factor", float: 2)
          $0.set("llama.rope.scale_linear", float: 4)
        }
      ),
      (
        "says llama.rope.scaling.attn_factor 2.0, only 1 is read where rotations are scaled by linear",
        {
          $0.set("llama.rope.scale_linear", float: 4)
          $0.set("llama.rope.scaling.attn_factor", float: 2)
        }
      ),
      (
        "says llama.rope.scaling.attn_factor 2.0, only 1 is read where rotations are scaled by yarn",
        {
          $0.set("llama.rope.scaling.type", "yarn")
          $0.set("llama.rope.scaling.factor", float: 2)
          $0.set("llama.rope.scaling.attn_factor", float: 2)
        }
      ),
      (
        "scales its rotations by linear and by the tensor rope_freqs.weight at once",
        {
          $0.set("llama.rope.scaling.factor", float: 2)
          $0.add("rope_freqs.weight", shape: [2], [1, 8])
        }
      ),
      ("llama.rope.freq_base is nan", { $0.set("llama.rope.freq_base", float: Float.nan) }),
      ("3 heads do not divide", { $0.keys[5].bytes = GGUFBuilder.little(UInt32(3)) }),
      (
        "holds blk.0.attn_q_norm.weight, which its configuration does not call for",
        {
          $0.add("blk.0.attn_q_norm.weight", shape: [4], [1, 1, 1, 1])
        }
      ),
      (
        "lacks the tensor blk.0.attn_k.bias",
        { $0.add("blk.0.attn_q.bias", shape: [8], [Float](repeating: 0, count: 8)) }
      ),
      ("blk.0.attn_norm.weight has shape [4], its configuration calls for [8]", { $0.tensors[2].extents = [4] }),
      ("lacks token_embd.weight", { $0.tensors.removeFirst() }),
      (
        "rope_freqs.weight holds 3.0 for rotation 0, Llama 3's rule gives 1.0",
        {
          $0.add("rope_freqs.weight", shape: [2], [3, 8])
        }
      ),
      ("rope_freqs.weight has shape [3]", { $0.add("rope_freqs.weight", shape: [3], [1, 1, 8]) }),
    ] as [(String, (inout GGUFBuilder) -> Void)] {
      let text = try told(change)
      #expect(text.contains(part) && text.contains("x.gguf"), "\(text)")
    }
  }

  @Test func `a weight that is no number leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    var bytes = [UInt8](try Data(contentsOf: importGoldens.appending(path: "llama.gguf")))
    let file = try GGUFFile(MappedFile(copying: bytes))
    let norm = try #require(file.tensors.first { $0.name == "blk.1.ffn_norm.weight" })
    bytes.replaceSubrange(norm.place.lowerBound + 8..<norm.place.lowerBound + 12, with: [0, 0, 0xc0, 0x7f])
    try folder.write(bytes, to: "x.gguf")
    let work = try ModelImport(of: folder.url.appending(path: "x.gguf"))
    let text = sentence { try work.write(to: folder.url.appending(path: "made")) }
    #expect(text.hasSuffix("x.gguf: model.layers.1.post_attention_layernorm.weight holds NaN, which no weight can be"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["x.gguf"])
  }

  /// Whatever the bytes of the header, a model is opened or refused in one sentence.
  @Test(arguments: 0..<2) func `a forged file is opened or refused`(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let sound = Self.llama().bytes
    var random = SplitMix64(seed: seed)
    for round in 0..<400 {
      var bytes = sound
      for _ in 0...random.next() % 3 {
        bytes[Int(random.next() % 1100)] =
          [0, 1, 2, 0x7f, 0xff, UInt8(truncatingIfNeeded: random.next())][
            Int(random.next() % 6)]
      }
      try folder.write(bytes, to: "x.gguf")
      do {
        _ = try ModelImport(of: folder.url.appending(path: "x.gguf"))
      } catch {
        #expect(error is ImportError && !"\(error)".contains("\n"), "seed \(seed), round \(round): \(error)")
      }
    }
  }
}
