import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels
import SwiftletText
import TestSupport
import Testing

@testable import SwiftletWorkflows

@Suite struct ModelImportTests {
  /// A folder of Hugging Face: a golden that was brought in.
  static func folder(in folder: TemporaryFolder, _ family: String = "llama") throws -> URL {
    let place = folder.url.appending(path: "source")
    _ = try ModelImport(of: importGoldens.appending(path: "\(family).gguf")).write(to: place)
    return place
  }

  @Test func `a folder comes out as it is`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder(in: folder)
    let before = try contents(of: source)
    let result = try ModelImport(of: source).write(to: folder.url.appending(path: "copy"))
    #expect(try contents(of: folder.url.appending(path: "copy")) == before)
    #expect(result.format == "Hugging Face, F32" && result.precision == "F32")
    #expect(try contents(of: source) == before)
  }

  @Test func `shards become one file, and one that is missing is told`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder(in: folder)
    let whole = source.appending(path: "model.safetensors")
    let bytes = [UInt8](try Data(contentsOf: whole))
    let (header, start) = try bytes.withUnsafeBytes { try SafetensorsHeader.read($0) }
    var map: [String] = []
    for (part, name) in ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"].enumerated() {
      var shard = SafetensorsHeader(metadata: header.metadata)
      var data: [UInt8] = []
      for (index, entry) in header.entries.enumerated() where index % 2 == part {
        var entry = entry
        let content = bytes[start + entry.place.lowerBound..<start + entry.place.upperBound]
        entry.place = data.count..<data.count + content.count
        data += content
        shard.entries.append(entry)
        map.append("\"\(entry.name)\":\"\(name)\"")
      }
      try Data(shard.encoded() + data).write(to: source.appending(path: name))
    }
    try FileManager.default.removeItem(at: whole)
    try Data("{\"weight_map\":{\(map.joined(separator: ","))}}".utf8).write(
      to: source.appending(path: "model.safetensors.index.json"))
    _ = try ModelImport(of: source).write(to: folder.url.appending(path: "copy"))
    #expect(
      try weights(in: folder.url.appending(path: "copy"))
        == weights(in: importGoldens.appending(path: "llama.safetensors")))

    try FileManager.default.removeItem(at: source.appending(path: "model-00002-of-00002.safetensors"))
    #expect(
      sentence { try ModelImport(of: source) }.hasSuffix(
        "index.json: names the shard model-00002-of-00002.safetensors, which is not beside it"))
  }

  @Test func `another precision is written, and said in the configuration`() throws {
    let folder = try TemporaryFolder()
    var work = try ModelImport(of: importGoldens.appending(path: "qwen2.gguf"))
    work.precision = .bf16
    let place = folder.url.appending(path: "made")
    #expect(try work.write(to: place).precision == "BF16")
    let config = String(decoding: try Data(contentsOf: place.appending(path: "config.json")), as: UTF8.self)
    #expect(config.contains("\"torch_dtype\": \"bfloat16\""))
    let exact = try weights(in: importGoldens.appending(path: "qwen2.safetensors"))
    for (name, rounded) in try weights(in: place) {
      let values = try #require(exact[name])
      for (value, rounded) in zip(values, rounded) {
        let (value, rounded) = (Float(bitPattern: value), Float(bitPattern: rounded))
        if abs(value - rounded) > 0x1p-8 * abs(value) { Issue.record("\(name): \(rounded) for \(value)") }
      }
    }
    // Once rounded, nothing changes any more.
    let again = folder.url.appending(path: "again")
    #expect(try ModelImport(of: place).write(to: again).precision == "BF16")
    #expect(try contents(of: again) == contents(of: place))
  }

  @Test func `the template of a file of its own goes where all look for it`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder(in: folder)
    try Data("{{ messages[0]['content'] }}".utf8).write(to: source.appending(path: "chat_template.jinja"))
    _ = try ModelImport(of: source).write(to: folder.url.appending(path: "copy"))
    let file = try JSONValue(contentsOf: folder.url.appending(path: "copy/tokenizer_config.json"))
    #expect(file["chat_template"]?.text == "{{ messages[0]['content'] }}")
  }

  @Test func `each folder that is no model is one sentence`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder(in: folder)
    let config = source.appending(path: "config.json")
    let sound = String(decoding: try Data(contentsOf: config), as: UTF8.self)
    func told(_ text: String?) throws -> String {
      try? FileManager.default.removeItem(at: config)
      if let text { try Data(text.utf8).write(to: config) }
      return sentence { try ModelImport(of: source) }
    }
    for (text, part) in [
      (nil, "holds no config.json, which says what network"), ("{", "JSON"), ("[]", "object"),
      (sound.replacing("LlamaForCausalLM", with: "BertModel"), "BertModel"),
      (
        sound.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 3"),
        "lacks the tensor model.layers.2.input_layernorm.weight"
      ),
      (sound.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 1"), "holds model.layers.1."),
      (sound.replacing("\"hidden_size\": 32", with: "\"hidden_size\": 16"), "calls for [259, 16]"),
      (sound.replacing("\"vocab_size\": 259", with: "\"vocab_size\": 300"), "calls for [300, 32]"),
    ] as [(String?, String)] {
      #expect(text != sound, "a replacement did nothing")
      let found = try told(text)
      #expect(found.contains(part), "\(found)")
    }
    try Data(sound.utf8).write(to: config)
    try FileManager.default.removeItem(at: source.appending(path: "tokenizer.json"))
    let work = try ModelImport(of: source)
    #expect(sentence { try work.write(to: folder.url.appending(path: "made")) }.contains("tokenizer"))
    try FileManager.default.removeItem(at: source.appending(path: "model.safetensors"))
    #expect(sentence { try ModelImport(of: source) }.contains("is a folder without weights"))
  }

  @Test func `each file that is no model is one sentence`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder(in: folder)
    func told(_ url: URL, tokenizer: URL? = nil) -> String {
      sentence { try ModelImport(of: url, tokenizer: tokenizer) }
    }
    #expect(told(folder.url.appending(path: "none")).hasSuffix("none: is not there"))
    #expect(told(source.appending(path: "model.safetensors")).contains("is one file of a folder: give the folder"))
    #expect(told(source.appending(path: "config.json")).contains("give the folder"))
    try folder.write(Array("hello".utf8), to: "x.txt")
    #expect(told(folder.url.appending(path: "x.txt")).contains("is neither a folder of Hugging Face, nor a GGUF file"))
    try folder.write(Array("hello".utf8), to: "x.bin")
    #expect(told(folder.url.appending(path: "x.bin")).contains("seven sizes"))
    for carrier in [source, importGoldens.appending(path: "llama.gguf")] {
      #expect(told(carrier, tokenizer: source).contains("carries its own tokenizer: leave out --tokenizer"))
    }
  }

  @Test func `nothing that lies at the output is touched`() throws {
    let folder = try TemporaryFolder()
    let source = try Self.folder(in: folder)
    let work = try ModelImport(of: source)
    let before = try contents(of: source)
    #expect(
      sentence { try work.write(to: source) }.contains("holds files already, which are not replaced: choose another"))
    #expect(try contents(of: source) == before)
    try folder.write([1], to: "file")
    #expect(sentence { try work.write(to: folder.url.appending(path: "file")) }.contains("choose another"))
    #expect(try Data(contentsOf: folder.url.appending(path: "file")) == Data([1]))
    // A new folder within new folders, and one that is empty.
    _ = try work.write(to: folder.url.appending(path: "a/b/c"))
    #expect(try contents(of: folder.url.appending(path: "a/b/c")) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("a/b")) == ["c"])
    try FileManager.default.createDirectory(atPath: folder.path("empty"), withIntermediateDirectories: false)
    _ = try work.write(to: folder.url.appending(path: "empty"))
    #expect(try contents(of: folder.url.appending(path: "empty")) == before)
  }

  @Test func `an output that is a link lies where it leads`() throws {
    let folder = try TemporaryFolder()
    let work = try ModelImport(of: importGoldens.appending(path: "llama.gguf"))
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder.path("disk/empty"), withIntermediateDirectories: true)
    for (link, target) in [
      ("empty", "disk/empty"), ("new", "disk/new"), ("chain", "further"), ("further", "disk/last"),
    ] {
      try manager.createSymbolicLink(atPath: folder.path(link), withDestinationPath: target)
    }
    for (name, target) in [("empty", "empty"), ("new", "new"), ("chain", "last")] {
      let link = folder.url.appending(path: name)
      _ = try NewFolder(link)
      let result = try work.write(to: link)
      #expect(result.folder.hasSuffix(name) && !result.folder.contains("disk"))
      #expect(try contents(of: folder.url.appending(path: "disk/\(target)")).count == 4)
      #expect(throws: Never.self) { try manager.destinationOfSymbolicLink(atPath: link.path) }
      #expect(sentence { _ = try NewFolder(link) }.contains("holds files already"))
    }
    #expect(try manager.contentsOfDirectory(atPath: folder.path("disk")).sorted() == ["empty", "last", "new"])
    try manager.createSymbolicLink(atPath: folder.path("circle"), withDestinationPath: "circle")
    #expect(
      sentence { _ = try NewFolder(folder.url.appending(path: "circle")) }
        .contains("Too many levels of symbolic links"))
  }

  @Test(.enabled(if: geteuid() != 0, "root may list every folder")) func `an output that cannot be listed is told`()
    throws
  {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("closed"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o300])
    #expect(
      sentence { _ = try NewFolder(folder.url.appending(path: "closed")) }
        .hasSuffix("closed: cannot be listed: Permission denied"))
  }

  @Test func `what is missing, damaged or not read is told apart`() throws {
    let folder = try TemporaryFolder()
    func cause(_ work: () throws -> some Any) -> ImportError.Cause? {
      #expect(throws: ImportError.self, performing: { _ = try work() })?.cause
    }
    func opened(_ name: String, tokenizer: String? = nil) -> ImportError.Cause? {
      cause {
        try ModelImport(
          of: folder.url.appending(path: name), tokenizer: tokenizer.map { folder.url.appending(path: $0) })
      }
    }
    #expect(opened("none") == .missing && opened(String(repeating: "x", count: 300)) == .missing)
    try folder.write(Array("24ka".utf8) + [1, 0, 0, 0], to: "later.bin")
    try folder.write([UInt8](repeating: 1, count: 40), to: "wrong.bin")
    #expect(opened("later.bin") == .unsupported && opened("wrong.bin") == .damaged)
    var gguf = GGUFImportTests.llama()
    try folder.write(Array(gguf.bytes.dropLast(40)), to: "short.gguf")
    gguf.version = 9
    try folder.write(gguf.bytes, to: "later.gguf")
    #expect(opened("short.gguf") == .damaged && opened("later.gguf") == .unsupported)

    func written(_ change: (inout GGUFBuilder) -> Void) throws -> ImportError.Cause? {
      try folder.write(GGUFImportTests.llama(change).bytes, to: "x.gguf")
      let work = try ModelImport(of: folder.url.appending(path: "x.gguf"))
      return cause { try work.write(to: folder.url.appending(path: "made")) }
    }
    #expect(try written { _ in } == .missing)
    #expect(
      try written {
        $0.set("tokenizer.ggml.model", "gpt2")
        $0.set("tokenizer.ggml.tokens", 1)
      } == .damaged)
    #expect(
      try written {
        $0.set("tokenizer.ggml.model", "wordpiece")
        $0.set("tokenizer.ggml.tokens", ["a"])
      } == .unsupported)
  }
}

/// Real networks.
@Suite struct RealModelImportTests {
  @Test(.enabled(if: SharedData.directory != nil, "../shared/data is not there"))
  func `stories260K becomes a folder`() throws {
    let data = try #require(SharedData.directory).appending(path: "language")
    let (model, vocabulary) = (data.appending(path: "stories260K.bin"), data.appending(path: "tok512.bin"))
    #expect(sentence { try ModelImport(of: model) }.contains("give --tokenizer tok.bin"))
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "stories")
    #expect(
      sentence { try ModelImport(of: model, tokenizer: data.appending(path: "none")).write(to: place) }
        .contains("none: cannot be opened"))
    let result = try ModelImport(of: model, tokenizer: vocabulary).write(to: place)
    #expect(result.parameters == 260_032 && result.format == "llama2.c, F32")
    let shape = try LlamaConfiguration(folder: place)
    #expect(shape.width == 64 && shape.hidden == 172 && shape.layers == 5 && shape.heads == 8 && shape.keyHeads == 4)
    #expect(shape.vocabulary == 512 && shape.context == 512 && shape.tiesEmbeddings && shape.normEpsilon == 1e-5)
    #expect(shape.beginningToken == 1 && shape.endTokens == [2] && shape.positions == .rotary(base: 10_000))
    // The second row of a head is the third of the file: the pairs' first channels stand in front.
    let stored = [UInt8](try Data(contentsOf: model))
    let query = 28 + 4 * (512 * 64 + 5 * 64)
    let row = stored[query + 4 * 2 * 64..<query + 4 * 3 * 64]
    let found = try #require(weights(in: place)["model.layers.0.self_attn.q_proj.weight"])
    #expect(found[64..<128].flatMap(GGUFBuilder.little) == Array(row))
    let tokenizer = try Tokenizer(folder: place)
    #expect(
      tokenizer.vocabularySize == 512
        && tokenizer.decode(tokenizer.encode("Once upon a time", addsSpecialTokens: false)) == "Once upon a time")
  }

  @Test(.enabled(if: FetchedModels.smolLM2 != nil, "SmolLM2 is not there: run tools/models/smollm2.py"))
  func `SmolLM2 becomes a folder`() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "smollm2")
    var work = try ModelImport(of: try #require(FetchedModels.smolLM2))
    work.precision = .bf16
    let result = try work.write(to: place)
    #expect(result.parameters == 134_515_008 && result.format == "GGUF version 3, Q4_1 and Q8_0")
    let shape = try LlamaConfiguration(folder: place)
    #expect(shape.width == 576 && shape.hidden == 1536 && shape.layers == 30 && shape.heads == 9 && shape.keyHeads == 3)
    #expect(shape.headWidth == 64 && shape.vocabulary == 49_152 && shape.context == 8192 && shape.tiesEmbeddings)
    #expect(shape.normEpsilon == 1e-5 && shape.positions == .rotary(base: 100_000) && shape.endTokens == [2])
    let tokenizer = try Tokenizer(folder: place)
    #expect(tokenizer.encode("The capital of France is") == [504, 3575, 282, 4649, 314])
  }
}
