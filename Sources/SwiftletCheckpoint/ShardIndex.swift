import Foundation
import SwiftletFiles
import SwiftletTensor

/// A checkpoint in several files: the index says which of them holds each tensor.
///
/// Source: https://huggingface.co/docs/safetensors/metadata_parsing, section "Sharded safetensors".
struct ShardIndex {
  /// Tensors and the name of their shard, in the index's order.
  let shards: [(tensor: String, shard: String)]

  /// All tensors of the shards, and the shards; they and the index name the same tensors in the same places.
  static func read(_ url: URL) throws(CheckpointError) -> (state: StateDictionary, shards: [URL]) {
    let index = try ShardIndex(contentsOf: url)
    let folder = url.deletingLastPathComponent()
    let expected = Dictionary(uniqueKeysWithValues: index.shards.map { ($0.tensor, $0.shard) })
    var found: [String: String] = [:]
    var state = StateDictionary()
    var tensors: [String: Tensor] = [:]
    var opened: Set<String> = []
    var files: [URL] = []
    for (_, shard) in index.shards where opened.insert(shard).inserted {
      let path = folder.appending(path: shard).path
      files.append(URL(filePath: path))
      let content = try Self.content(ofShard: shard, at: path)
      if state.metadata.isEmpty { state.metadata = content.metadata }
      for (name, tensor) in content {
        if let other = found[name] { throw Self.inconsistent("\(name) lies in two shards, \(other) and \(shard)") }
        guard let place = expected[name] else {
          throw Self.inconsistent("\(shard) holds \(name), which the index does not name")
        }
        found[name] = shard
        tensors[name] = place == shard ? tensor : nil
      }
    }
    for (name, shard) in index.shards {
      guard let tensor = tensors[name] else {
        let place = found[name].map { ", it lies in \($0)" } ?? ""
        throw Self.inconsistent("the index says that \(shard) holds \(name), which it does not\(place)")
      }
      state[name] = tensor
    }
    return (state, files)
  }

  private static func content(ofShard shard: String, at path: String) throws(CheckpointError) -> StateDictionary {
    let file: MappedFile
    do {
      file = try MappedFile(path: path, access: .copyOnWrite)
    } catch let error where error.isMissing {
      throw CheckpointError(.unreadable, "names the shard \(shard), which is not beside it")
    } catch {
      throw CheckpointError(error, path: path)
    }
    return try naming(path) { () throws(CheckpointError) in try Checkpoint.read(file).state }
  }

  private static func inconsistent(_ what: String) -> CheckpointError {
    CheckpointError(.damaged, "does not fit its shards: \(what)")
  }

  private init(contentsOf url: URL) throws(CheckpointError) {
    let root = try JSONValue(contentsOf: url)
    guard case .object(let map)? = root["weight_map"] else {
      throw CheckpointError(.damaged, "is no index of shards: it has no object 'weight_map'")
    }
    guard !map.isEmpty else { throw CheckpointError(.damaged, "is an index of no tensors: its 'weight_map' is empty") }
    var shards: [(tensor: String, shard: String)] = []
    for (tensor, value) in map {
      guard let shard = value.text else {
        throw CheckpointError(.damaged, "is damaged: the shard of \(tensor) is not text but \(value)")
      }
      // A shard lies beside its index: a file made by others shall not make us open what lies elsewhere.
      guard !shard.isEmpty, shard != ".", shard != "..", !shard.contains(where: { "/\\\0".contains($0) }) else {
        throw CheckpointError(
          .damaged, "names the shard \(shard.quotedAsJSON) of \(tensor): a shard is the name of a file beside the index"
        )
      }
      shards.append((tensor, shard))
    }
    self.shards = shards
  }
}
