import Foundation
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCheckpoint

/// Folders and indices of shards, as Hugging Face's and timm's programs write them.
@Suite(torch) struct ShardTests {
  /// Two shards of `a`, `b` and `c`, and an index.
  private struct Folder {
    let folder: TemporaryFolder
    var index: URL { folder.url.appending(path: "model.safetensors.index.json") }
    static let (first, second) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")

    init(map: String? = nil) throws {
      folder = try TemporaryFolder()
      try write(["a": 1, "b": 2], to: Self.first)
      try write(["c": 3], to: Self.second)
      try write(index: map ?? "{\"c\":\"\(Self.second)\",\"a\":\"\(Self.first)\",\"b\":\"\(Self.first)\"}")
    }

    func write(_ values: KeyValuePairs<String, Float>, to name: String) throws {
      let state = StateDictionary(values.map { ($0.key, Tensor($0.value)) }, metadata: ["format": "pt"])
      try Checkpoint.write(state, to: folder.url.appending(path: name))
    }

    func write(index map: String) throws {
      try Data("{\"metadata\": {\"total_size\": 12}, \"weight_map\": \(map)}".utf8).write(to: index)
    }

    /// The one error that reading the folder ends with.
    func error() throws -> String {
      do throws(CheckpointError) { _ = try Checkpoint.read(from: folder.url) } catch { return error.description }
      Issue.record("an inconsistent folder was read")
      return ""
    }
  }

  @Test func `a folder of shards reads as one dictionary, in the index's order`() throws {
    let folder = try Folder()
    for place in [folder.folder.url, folder.index] {
      let contents = try Checkpoint.contents(of: place)
      #expect(contents.state.names == ["c", "a", "b"])
      #expect(contents.state.map { $0.tensor.item() } == [3, 1, 2])
      #expect(contents.files.folder.path == folder.folder.url.path && contents.files.isSharded)
    }
  }

  @Test func `a folder's file is found, safetensors first`() throws {
    let folder = try TemporaryFolder()
    func read() throws -> Double? { try Checkpoint.read(from: folder.url)["a"]?.item() }
    #expect(throws: CheckpointError.self) { try read() }
    for (name, value) in [("pytorch_model.bin", Float(1)), ("model.safetensors", 2)] {
      try Checkpoint.write(StateDictionary([("a", Tensor(value))]), to: folder.url.appending(path: name))
      #expect(try read() == Double(value))
    }
  }

  @Test func `each inconsistency of an index is one sentence`() throws {
    let (first, second) = (Folder.first, Folder.second)
    let missing = try Folder()
    try FileManager.default.removeItem(at: missing.folder.url.appending(path: second))
    #expect(try missing.error().hasSuffix("index.json: names the shard \(second), which is not beside it"))

    let sound = "\"a\":\"\(first)\",\"b\":\"\(first)\""
    let cases = [
      ("{\(sound),\"c\":\"\(second)\",\"d\":\"\(second)\"}", "says that \(second) holds d, which it does not"),
      (
        "{\(sound),\"c\":\"\(first)\",\"x\":\"\(second)\"}", "says that \(first) holds c, which it does not, it lies in"
      ),
      ("{\"a\":\"\(first)\",\"c\":\"\(second)\"}", "\(first) holds b, which the index does not name"),
      ("{\(sound),\"a\":\"\(second)\"}", "the key a appears twice"),
      ("{\(sound),\"c\":\"../\(second)\"}", "names the shard \"../\(second)\" of c: a shard is the name of a file"),
      ("{\(sound),\"c\":\"/etc/passwd\"}", "names the shard \"/etc/passwd\" of c"),
      ("{\(sound),\"c\":\"..\"}", "names the shard \"..\" of c"),
      ("{\(sound),\"c\":\"\"}", "names the shard \"\" of c"),
      ("{\(sound),\"c\":\"x\\u0000y\"}", "of c: a shard is the name of a file"),
      ("{\(sound),\"c\":2}", "the shard of c is not text but 2"),
      ("{}", "'weight_map' is empty"),
      ("[]", "no object 'weight_map'"),
      ("{\"a\":" + String(repeating: "{\"a\":", count: 100_000), "it nests too deeply"),
      ("{\(sound)", "a closing brace is missing"),
    ]
    for (map, part) in cases {
      let error = try Folder(map: map).error()
      #expect(error.contains(part) && !error.contains("\n"), "\(error)")
    }

    let twice = try Folder()
    try twice.write(["c": 3, "a": 1], to: second)
    #expect(try twice.error().hasSuffix("a lies in two shards, \(second) and \(first)"))
    let damaged = try Folder()
    try Data("GGUF".utf8).write(to: damaged.folder.url.appending(path: first))
    #expect(try damaged.error().contains("\(first): is neither a PyTorch nor a safetensors file"))
    let folderForShard = try Folder()
    try FileManager.default.removeItem(at: folderForShard.folder.url.appending(path: first))
    try FileManager.default.createDirectory(
      at: folderForShard.folder.url.appending(path: first), withIntermediateDirectories: false)
    #expect(try folderForShard.error().contains("\(first): is not a regular file"))
  }

  @Test func `one shard alone is refused, with the index's name`() throws {
    let folder = try Folder()
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint.read(from: folder.folder.url.appending(path: Folder.first))
    }
    #expect(error?.message == "is one shard of several: give the folder, or model.safetensors.index.json")
  }

  /// Whatever stands in an index, it is read or refused.
  @Test func `an index with wrong bytes is read or refused`() throws {
    let folder = try Folder()
    let sound = Array(try Data(contentsOf: folder.index))
    var random = SplitMix64(seed: 11)
    for _ in 0..<600 {
      var bytes = sound
      for _ in 0...Int(random.next() % 3) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next() % 128)
      }
      try Data(bytes).write(to: folder.index)
      do throws(CheckpointError) { _ = try Checkpoint.read(from: folder.index) } catch {
        #expect(error.path.hasPrefix(folder.folder.url.path))
      }
    }
  }
}
