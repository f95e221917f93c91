import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels
import SwiftletTensor

extension ImportedModel {
  init(huggingFace folder: URL) throws {
    let file = folder.appending(path: "config.json")
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw ImportError(
        .missing, "holds no config.json, which says what network the weights are of", path: folder.path)
    }
    let value = try JSONValue(contentsOf: file)
    let shape: LlamaConfiguration
    do { shape = try LlamaConfiguration(huggingFace: value) } catch {
      throw ImportError(.unsupported, "\(error)", path: folder.path)
    }
    let pairs = try shape.matched(
      Self.weights(in: CheckpointFiles(at: folder)), called: \.name, shaped: \.shape, by: \.name,
      ignoring: {
        // Frequencies that follow from the configuration, and in a tied model the copy of the embeddings.
        $0.hasSuffix(".rotary_emb.inv_freq") || shape.tiesEmbeddings && $0 == "lm_head.weight"
      }, path: folder.path)
    (configuration, configurationFile) = (shape, value)
    tensors = pairs.map(\.stored)
    for tensor in tensors where ![.float32, .float16, .bfloat16].contains(tensor.type) {
      throw ImportError(
        .unsupported, "\(tensor.name) has elements of type \(tensor.type.rawValue), F32, F16 and BF16 are read",
        path: folder.path)
    }
    format = "Hugging Face, " + tensors.types.map(\.rawValue).joined(separator: " and ")
    tokenizer = { try TokenizerFiles(inFolder: folder, vocabularySize: shape.vocabulary) }
  }

  private static func weights(in files: CheckpointFiles) throws -> [ImportedTensor] {
    files.weights.lastPathComponent.hasPrefix("pytorch_model")
      ? try Checkpoint.contents(of: files.weights).state.map { ImportedTensor($0.name, $0.tensor) }
      : try StoredTensors(in: files).entries.map(ImportedTensor.init)
  }
}

extension ImportedTensor {
  /// A tensor of a safetensors file.
  fileprivate init(_ entry: StoredTensors.Entry) {
    let isVector = entry.shape.count < 2
    self.init(
      name: entry.name, shape: entry.shape, type: entry.type,
      read: { rows, elements in
        entry.withBytes(ofRows: isVector ? 0..<(entry.shape.first ?? 1) : rows) { bytes in
          entry.type.decode(bytes, into: elements)
        }
      },
      release: entry.release)
  }

  /// A tensor of one of PyTorch's own files, which libtorch reads; the system keeps its pages while it has room.
  fileprivate init(_ name: String, _ tensor: Tensor) {
    self.init(
      name: name, shape: tensor.shape, type: SafetensorsHeader.ElementType(tensor.dataType),
      read: { rows, elements in
        let part = tensor.rank < 2 ? tensor : tensor.narrowed(along: 0, from: rows.lowerBound, count: rows.count)
        _ = elements.update(fromContentsOf: part.scalars(as: Float.self))
      },
      release: {})
  }
}
