import Foundation

/// The file of weights that a path leads to: itself, or what Hugging Face and timm write into a folder.
public struct CheckpointFiles: Hashable, Sendable {
  /// The file of the weights, or of the index that names their shards.
  public let weights: URL
  public let isSharded: Bool

  /// The names that are looked for in a folder; the first that is there is taken.
  public static let names = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
  ]

  /// The index, where there is one.
  public var index: URL? { isSharded ? weights : nil }
  /// Where the files lie, and whatever belongs to them.
  public var folder: URL { weights.deletingLastPathComponent() }

  /// - Throws: ``CheckpointError`` for a folder without weights, and for one shard alone.
  public init(at url: URL) throws(CheckpointError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      let found = Self.names.first { FileManager.default.fileExists(atPath: url.appending(path: $0).path) }
      guard let found else {
        throw CheckpointError(
          .unreadable, "is a folder without weights: \(Self.names.joined(separator: ", ")) are looked for",
          path: url.path)
      }
      weights = url.appending(path: found)
    } else {
      weights = url
      if let index = Self.index(ofShard: url.lastPathComponent),
        FileManager.default.fileExists(atPath: url.deletingLastPathComponent().appending(path: index).path)
      {
        throw CheckpointError(.mismatch, "is one shard of several: give the folder, or \(index)", path: url.path)
      }
    }
    isSharded = weights.pathExtension.lowercased() == "json"
  }

  /// `model.safetensors.index.json` of `model-00001-of-00002.safetensors`, and nil of a whole file.
  private static func index(ofShard name: String) -> String? {
    guard let match = name.wholeMatch(of: #/(.+)-\d+-of-\d+\.(safetensors|bin)/#) else { return nil }
    return "\(match.1).\(match.2).index.json"
  }
}
