import Foundation
import SwiftletCheckpoint
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import SwiftletText
import TestSupport
import Testing

@testable import SwiftletWorkflows

/// What is wrong with a language model's files ends each workflow that reads them in one sentence.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LanguageModelInputTests {
  /// A sound folder, one part of which a test breaks.
  private struct Model {
    let folder: TemporaryFolder
    var url: URL { folder.url.appending(path: "model") }

    init() throws {
      folder = try TemporaryFolder()
      _ = try ModelImport(of: importGoldens.appending(path: "llama.gguf")).write(to: url)
      try folder.write(Array(String(repeating: "ab a\u{20ac}\n", count: 20).utf8), to: "text")
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url.appending(path: name))) }

    func write(_ bytes: [UInt8], to name: String) throws { try folder.write(bytes, to: "model/\(name)") }

    func replace(_ part: String, with other: String, in name: String) throws {
      let text = String(decoding: try bytes(name), as: UTF8.self)
      #expect(text.contains(part), "\(name) has no \(part)")
      try write(Array(text.replacing(part, with: other).utf8), to: name)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: url.appending(path: name)) }

    /// The weights in two shards, every other tensor in each, with an index that a test may falsify.
    func cutIntoShards(_ falsify: (inout [(tensor: String, shard: String)]) -> Void) throws {
      let file = try bytes("model.safetensors")
      let (header, start) = try file.withUnsafeBytes { try SafetensorsHeader.read($0) }
      var map: [(tensor: String, shard: String)] = []
      for part in 0..<2 {
        var (shard, data) = (SafetensorsHeader(metadata: header.metadata), [UInt8]())
        for (number, entry) in header.entries.enumerated() where number % 2 == part {
          var entry = entry
          let content = file[start + entry.place.lowerBound..<start + entry.place.upperBound]
          entry.place = data.count..<data.count + content.count
          data += content
          shard.entries.append(entry)
          map.append((entry.name, Self.shard(part)))
        }
        try write(shard.encoded() + data, to: Self.shard(part))
      }
      try remove("model.safetensors")
      falsify(&map)
      let rows = map.map { "\"\($0.tensor)\":\"\($0.shard)\"" }
      try write(Array("{\"weight_map\":{\(rows.joined(separator: ","))}}".utf8), to: "model.safetensors.index.json")
    }

    static func shard(_ part: Int) -> String { "model-0000\(part + 1)-of-00002.safetensors" }

    var request: LanguageModelEvaluation.Request {
      LanguageModelEvaluation.Request(model: url.path, text: TextRequest(folder.path("text"), window: 8))
    }

    func evaluated() -> String { sentence { try LanguageModelEvaluation(request) } }
    func imported() -> String {
      sentence { try ModelImport(of: url).write(to: folder.url.appending(path: "copy")) }
    }
    func tokenized() -> String { sentence { try Tokenization(.init(model: url.path, input: folder.path("text"))) } }
    func planned() -> String {
      sentence { try CachePlanSummary(name: "p", CompressionPlan(), of: LlamaConfiguration(folder: url)) }
    }
  }

  /// Each break, and what eval and import say of it.
  private struct Break: Sendable {
    let (evaluated, imported): (String, String)
    let change: @Sendable (Model) throws -> Void

    init(_ evaluated: String, imported: String? = nil, _ change: @escaping @Sendable (Model) throws -> Void) {
      (self.evaluated, self.imported, self.change) = (evaluated, imported ?? evaluated, change)
    }
  }

  private func check(_ breaks: [Break]) throws {
    for item in breaks {
      let model = try Model()
      try item.change(model)
      for (found, part) in [(model.evaluated(), item.evaluated), (model.imported(), item.imported)] {
        #expect(found.contains(part) && found.contains("model"), "\(found)")
      }
      #expect(!FileManager.default.fileExists(atPath: model.folder.path("copy")))
    }
  }

  @Test func `a sound folder is judged, brought in, tokenised and planned for`() throws {
    let model = try Model()
    #expect(try LanguageModelEvaluation(model.request).report.score.targets > 0)
    _ = try ModelImport(of: model.url).write(to: model.folder.url.appending(path: "copy"))
    #expect(try Tokenization(.init(model: model.url.path, input: model.folder.path("text"))).ids.count > 8)
    #expect(try LlamaConfiguration(folder: model.url).layers == 2)
  }

  @Test func `a configuration that describes no network here is told by the key`() throws {
    let sizes: [(String, String, String)] = [
      ("\"LlamaForCausalLM\"", "\"BertForMaskedLM\"", "BertForMaskedLM"),
      ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000000000", "num_hidden_layers"),
      ("\"num_attention_heads\": 4", "\"num_attention_heads\": 0", "num_attention_heads of config.json is 0"),
      ("\"hidden_size\": 32", "\"hidden_size\": -32", "hidden_size"),
      ("\"hidden_size\": 32", "\"hidden_size\": \"32\"", "hidden_size of config.json is"),
      ("\"hidden_size\": 32", "\"hidden_size\": 32, \"hidden_size\": 64", "hidden_size appears twice"),
      ("\"hidden_size\": 32", "\"hidden_size\": 32, \"moe_layers\": 4", "config.json has moe_layers = 4"),
      ("\"hidden_size\": 32", "\"hidden_size\": 99999999999999999999", "hidden_size"),
    ]
    for (part, other, told) in sizes {
      let model = try Model()
      try model.replace(part, with: other, in: "config.json")
      for found in [model.evaluated(), model.imported(), model.planned()] {
        // Widths below 0 are told in the words of the network.
        #expect(found.contains(told) || (told == "hidden_size" && found.contains("width")), "\(other): \(found)")
        #expect(found.contains("model"), "\(found)")
      }
    }
    let bare = try Model()
    try bare.remove("config.json")
    #expect(bare.evaluated().contains("model has no config.json") && bare.planned().contains("has no config.json"))
    #expect(bare.imported().contains("model: holds no config.json"))
  }

  @Test func `shards and their index that disagree are told by tensor and shard`() throws {
    try check([
      Break("model-00002-of-00002.safetensors, which is not beside it") {
        try $0.cutIntoShards { _ in }
        try $0.remove(Model.shard(1))
      },
      Break("holds model.ghost, which it does not") {
        try $0.cutIntoShards { $0.append(("model.ghost", Model.shard(0))) }
      },
      Break("which the index does not name") { try $0.cutIntoShards { _ = $0.removeLast() } },
      Break("which it does not, it lies in") { try $0.cutIntoShards { $0[0].shard = Model.shard(1) } },
      Break("a shard is the name of a file beside the index") {
        try $0.cutIntoShards { $0[0].shard = "../x.safetensors" }
      },
      Break("model-00001-of-00002.safetensors") {
        try $0.cutIntoShards { _ in }
        try $0.write(Array("GGUF".utf8), to: Model.shard(0))
      },
    ])
  }

  @Test func `a header of weights that lies is refused before anything is read`() throws {
    func changed(_ change: @escaping @Sendable (inout [UInt8]) -> Void) -> @Sendable (Model) throws -> Void {
      { model in
        var bytes = try model.bytes("model.safetensors")
        change(&bytes)
        try model.write(bytes, to: "model.safetensors")
      }
    }
    try check([
      Break("model.safetensors") { try $0.write([], to: "model.safetensors") },
      Break(
        "bytes, more than any file has", changed { $0.replaceSubrange(0..<8, with: [UInt8](repeating: 255, count: 8)) }),
      Break("is larger than the format's", changed { $0.replaceSubrange(4..<8, with: [1, 0, 0, 0]) }),
      Break("model.safetensors", changed { $0.removeLast(100) }),
      Break("model.safetensors", changed { $0[9] = 0xff }),
    ])
  }

  @Test func `weights that are no numbers, or of other shapes, are told by their names`() throws {
    func weights(_ change: @escaping @Sendable (inout StateDictionary) -> Void) -> @Sendable (Model) throws -> Void {
      { model in
        let file = model.url.appending(path: "model.safetensors")
        var state = try Checkpoint.read(from: file)
        state = StateDictionary(state.map { ($0.name, $0.tensor.clone()) })
        change(&state)
        try model.remove("model.safetensors")
        try Checkpoint.write(state, to: file)
      }
    }
    try check([
      Break(
        "model.norm.weight holds numbers that are infinite or not numbers at all",
        imported: "model.norm.weight holds NaN, which no weight can be",
        weights { $0["model.norm.weight"] = .full([32], .nan) }),
      Break(
        "model.norm.weight holds numbers that are infinite or not numbers at all",
        imported: "model.norm.weight holds", weights { $0["model.norm.weight"] = .full([32], .infinity) }),
      Break(
        "model.norm.weight has shape [31]", imported: "model.norm.weight has shape [31]",
        weights { $0["model.norm.weight"] = .ones([31]) }),
      Break(
        "lacks model.norm.weight", imported: "lacks the tensor model.norm.weight",
        weights { $0["model.norm.weight"] = nil }),
    ])
  }

  @Test func `a tokenizer that is not carried out, or of another network, is told`() throws {
    for (part, other, told) in [
      (
        "\"individual_digits\": true", "\"individual_digits\": false",
        "is none of those of GPT-2, Llama 3, Qwen2, SmolLM2 and SentencePiece"
      ),
      ("\"BPE\"", "\"Unigram\"", "its model is Unigram; only byte pair encoding (BPE) is carried out"),
      ("{", "[", "tokenizer.json"),
    ] {
      let model = try Model()
      try model.replace(part, with: other, in: "tokenizer.json")
      for found in [model.evaluated(), model.imported(), model.tokenized()] {
        #expect(found.contains(told) && found.contains("tokenizer.json"), "\(found)")
      }
    }
    let none = try Model()
    try none.remove("tokenizer.json")
    for found in [none.evaluated(), none.imported(), none.tokenized()] {
      #expect(found.contains("tokenizer.json") && found.contains("tokenizer.model"), "\(found)")
    }
    let larger = try Model()
    var trainer = BytePairTrainer(vocabularySize: 300)
    (trainer.specialTokens, trainer.beginning, trainer.end) = (["<s>"], "<s>", nil)
    let text = String(decoding: try Data(contentsOf: larger.folder.url.appending(path: "text")), as: UTF8.self)
    let files = try trainer.train(on: [text + (0..<400).map { " word\($0)" }.joined()]).huggingFaceFiles()
    try larger.write([UInt8](files.tokenizer), to: "tokenizer.json")
    try larger.write([UInt8](files.configuration), to: "tokenizer_config.json")
    #expect(larger.evaluated().contains("the network knows 259: the tokenizer is of another network"))
    #expect(larger.imported().contains("tokens, the network knows 259"))
  }

  @Test func `a folder with low-rank keys and values that contradicts itself is told`() throws {
    func broken(_ change: (Model) throws -> Void) throws -> String {
      let model = try Model()
      let network = try LlamaModel(folder: model.url)
      let plan = CompressionPlan(["model.layers.1.self_attn.v_proj": LayerChoice(rank: 3, headGroup: 1)])
      try network.decompose(
        to: plan, for: network.keyValueStatistics(on: [Tensor((0..<40).map(Int64.init), shape: [1, 40])]))
      try network.writeLowRank(to: model.url, plan: plan, method: LowRankMethod())
      try change(model)
      return model.evaluated()
    }
    for (part, change) in [
      ("cache.json does not say what a cache does", { try $0.write(Array("{}".utf8), to: "cache.json") }),
      ("plan.json cannot be read", { try $0.remove("plan.json") }),
      ("plan.json", { try $0.replace("\"rank\": 3", with: "\"rank\": 0", in: "plan.json") }),
      ("v_proj", { try $0.replace("\"rank\": 3", with: "\"rank\": 4", in: "plan.json") }),
      ("which is no compressible layer", { try $0.replace("layers.1", with: "layers.7", in: "plan.json") }),
      ("v_proj", { try $0.replace("v_proj", with: "k_proj", in: "plan.json") }),
      ("has no config.json", { try $0.remove("config.json") }),
    ] as [(String, (Model) throws -> Void)] {
      let found = try broken(change)
      #expect(found.contains(part), "\(found)")
    }
  }

  /// Whatever the bytes of a GGUF file's header, its tokenizer is read or refused in one sentence.
  @Test(arguments: 0..<2) func `a forged vocabulary is read or refused`(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let sound = [UInt8](try Data(contentsOf: importGoldens.appending(path: "llama.gguf")))
    try folder.write(Array("ab a".utf8), to: "text")
    var random = SplitMix64(seed: seed)
    for round in 0..<150 {
      var bytes = sound
      for _ in 0...random.next() % 3 {
        bytes[Int(random.next() % 8000)] =
          [0, 1, 2, 0x7f, 0xff, UInt8(truncatingIfNeeded: random.next())][
            Int(random.next() % 6)]
      }
      try folder.write(bytes, to: "x.gguf")
      do {
        _ = try Tokenization(.init(model: folder.path("x.gguf"), input: folder.path("text")))
      } catch {
        #expect(error is ImportError && !"\(error)".contains("\n"), "seed \(seed), round \(round): \(error)")
      }
    }
  }
}
