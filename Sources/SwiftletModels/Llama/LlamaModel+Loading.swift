import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletNN
import SwiftletTensor

extension LlamaModel {
  /// A trained network as Hugging Face lays it out: `config.json` beside `model.safetensors`, or its shards.
  ///
  /// Weights are read as float32, whatever they are stored as.
  /// - Throws: ``ConfigurationError`` for a folder without `config.json` or one that is not understood, `CheckpointError` for
  ///   weights that cannot be read, `ModuleError` for weights that do not fit.
  public convenience init(folder: URL) throws {
    let configuration = try LlamaConfiguration(folder: folder)
    try self.init(configuration, Checkpoint.read(from: folder), from: folder.path)
  }

  /// The same with weights that have been read; `source` is what messages call them.
  public convenience init(
    _ configuration: LlamaConfiguration, _ dictionary: StateDictionary, from source: String
  ) throws {
    try self.init(unfilled: configuration)
    try fill(from: dictionary, source: source)
  }

  /// A network whose weights are anything until they are filled.
  package convenience init(unfilled configuration: LlamaConfiguration) throws(ConfigurationError) {
    try self.init(configuration) { shape, _ in
      let weight = Tensor.empty(shape)
      weight.requiresGradient = true
      return weight
    }
  }

  /// Takes every weight from what has been read.
  package func fill(from dictionary: StateDictionary, source: String) throws {
    let weights = try Self.cleaned(dictionary, for: configuration, from: source)
    try load(weights, from: source)
    let broken = withNoGradient { namedParameters().first { !$0.tensor.isFinite().all() } }
    if let broken {
      throw CheckpointError(
        .damaged, "\(broken.path) holds numbers that are infinite or not numbers at all", path: source)
    }
  }

  /// Without what other programs write beside the weights: frequencies that follow from the configuration, and a second
  /// copy of a table that is both embedding and head.
  private static func cleaned(
    _ dictionary: StateDictionary, for configuration: LlamaConfiguration, from source: String
  ) throws(CheckpointError) -> StateDictionary {
    var weights = dictionary
    for name in dictionary.names where name.hasSuffix(".rotary_emb.inv_freq") { weights[name] = nil }
    let (table, head) = ("model.embed_tokens.weight", "lm_head.weight")
    guard configuration.tiesEmbeddings, let copy = weights[head], let own = weights[table] else { return weights }
    guard copy.shape == own.shape, copy.dataType == own.dataType, withNoGradient({ copy.isEqual(to: own) }) else {
      throw CheckpointError(
        .mismatch,
        "\(head) differs from \(table), and config.json says that they are one: set tie_word_embeddings to false",
        path: source)
    }
    weights[head] = nil
    return weights
  }
}

extension LlamaConfiguration {
  /// Whether a place is a folder whose `config.json` names an architecture of the Llama family, whatever else it says.
  public static func isDescribed(in folder: URL) -> Bool {
    guard let value = try? JSONValue(contentsOf: folder.appending(path: "config.json")),
      var fields = try? ConfigurationFields(value, name: "config.json")
    else { return false }
    return (try? LlamaArchitecture(&fields)) != nil
  }

  /// What the `config.json` of a folder describes.
  public init(folder: URL) throws {
    let file = folder.appending(path: "config.json")
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw ConfigurationError(
        "\(folder.path) has no config.json, so that nobody says what network it holds: give a folder as Hugging Face or "
          + "swiftlet import writes it")
    }
    do {
      try self.init(huggingFace: JSONValue(contentsOf: file))
    } catch let error as ConfigurationError {
      throw ConfigurationError("\(file.path): \(error.description)")
    }
  }
}
