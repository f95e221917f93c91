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
    let opened = try open(
      url, access: .copyOnWrite, { (file) throws(CheckpointError) in try Checkpoint.read(file).state }, names: \.names)
    var state = StateDictionary()
    state.metadata = opened.shards.lazy.map(\.content.metadata).first { !$0.isEmpty } ?? [:]
    let contents = Dictionary(uniqueKeysWithValues: opened.shards.map { ($0.name, $0.content) })
    for (name, shard) in opened.index.shards { state[name] = contents[shard]?[name] }
    return (state, opened.shards.map(\.url))
  }

  /// What lies in each shard, in the order in which the index names them first.
  ///
  /// - Parameters:
  ///   - read: makes something of a shard's file.
  ///   - names: the tensors that it holds.
  /// - Throws: ``CheckpointError`` where the shards and the index do not name the same tensors in the same places.
  static func open<Content>(
    _ url: URL, access: MappedFile.Access, _ read: (MappedFile) throws(CheckpointError) -> Content,
    names: (Content) -> [String]
  ) throws(CheckpointError) -> (index: ShardIndex, shards: [(name: String, url: URL, content: Content)]) {
    let index = try ShardIndex(contentsOf: url)
    let folder = url.deletingLastPathComponent()
    let expected = Dictionary(uniqueKeysWithValues: index.shards.map { ($0.tensor, $0.shard) })
    var found: [String: String] = [:]
    var opened: Set<String> = []
    var shards: [(name: String, url: URL, content: Content)] = []
    for (_, shard) in index.shards where opened.insert(shard).inserted {
      let path = folder.appending(path: shard).path
      let file = try Self.file(ofShard: shard, at: path, access)
      let content = try naming(path) { () throws(CheckpointError) in try read(file) }
      for name in names(content) {
        if let other = found[name] { throw Self.inconsistent("\(name) lies in two shards, \(other) and \(shard)") }
        guard expected[name] != nil else {
          throw Self.inconsistent("\(shard) holds \(name), which the index does not name")
        }
        found[name] = shard
      }
      shards.append((shard, URL(filePath: path), content))
    }
    for (name, shard) in index.shards where found[name] != shard {
      let place = found[name].map { ", it lies in \($0)" } ?? ""
      throw Self.inconsistent("the index says that \(shard) holds \(name), which it does not\(place)")
    }
    return (index, shards)
  }

  private static func file(
    ofShard shard: String, at path: String, _ access: MappedFile.Access
  ) throws(CheckpointError) -> MappedFile {
    do {
      return try MappedFile(path: path, access: access)
    } catch let error where error.isMissing {
      throw CheckpointError(.unreadable, "names the shard \(shard), which is not beside it")
    } catch {
      throw CheckpointError(error, path: path)
    }
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
