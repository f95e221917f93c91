import Foundation
import SwiftletFiles
import SwiftletModels

/// A model that was opened and checked, with its weights still where they are.
struct ImportedModel {
  /// What it was read from, in words: `GGUF version 3, Q4_1`.
  let format: String
  let configuration: LlamaConfiguration
  /// The `config.json` of Hugging Face that says so.
  let configurationFile: JSONValue
  let tensors: [ImportedTensor]
  /// Makes `tokenizer.json` and `tokenizer_config.json`.
  let tokenizer: () throws -> TokenizerFiles
}

extension ImportedModel {
  /// The model at a path: a folder of Hugging Face, a GGUF file, or a file of llama2.c; a file is told by its content.
  ///
  /// - Parameter tokenizer: the vocabulary of a llama2.c model; the others carry theirs.
  /// - Throws: ``ImportError``, or `CheckpointError` for the weights of a folder.
  init(at url: URL, tokenizer: URL?) throws {
    let path = url.path
    let identity: FileIdentity?
    do { identity = try FileIdentity(path: path) } catch { throw ImportError(error, path: path) }
    guard let identity else { throw ImportError(.missing, "is not there", path: path) }
    func refuseTokenizer() throws {
      guard tokenizer == nil else {
        throw ImportError(.usage, "carries its own tokenizer: leave out --tokenizer, which is for llama2.c", path: path)
      }
    }
    if identity.kind == .folder {
      try refuseTokenizer()
      try self.init(huggingFace: url)
      return
    }
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw ImportError(error, path: path) }
    if GGUFFile.begins(file.bytes) {
      try refuseTokenizer()
      try self.init(gguf: file, path: path)
    } else if ["safetensors", "json"].contains(url.pathExtension) {
      throw ImportError(.usage, "is one file of a folder: give the folder, which holds config.json too", path: path)
    } else if Llama2CFile.isModel(file.bytes) || url.pathExtension == "bin" {
      try self.init(llama2C: file, path: path, tokenizer: tokenizer)
    } else {
      throw ImportError(
        .unsupported, "is neither a folder of Hugging Face, nor a GGUF file, nor a model of llama2.c", path: path)
    }
  }

  /// The `config.json` of a model that came without one.
  static func configurationFile(of configuration: LlamaConfiguration) throws -> JSONValue {
    try configuration.huggingFace().withUnsafeBytes { try JSONValue(parsing: $0) }
  }
}
