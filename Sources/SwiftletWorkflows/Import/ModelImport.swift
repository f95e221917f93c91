import Foundation
import SwiftletFiles
import SwiftletPlans

/// From a language model as others publish it to a folder as Hugging Face has it, which everything here reads:
/// configuration, weights in safetensors, tokenizer.
///
/// ```swift
/// var model = try ModelImport(of: URL(filePath: "SmolLM2-135M-Instruct.Q4_1.gguf"))
/// model.precision = .bf16
/// print(try model.write(to: URL(filePath: "models/smollm2")))
/// ```
/// Read are a folder of Hugging Face, a GGUF file, and a model of llama2.c. Weights pass through memory a few rows at a
/// time, so that a model may be as large as the disk.
public struct ModelImport {
  public let source: URL
  /// The floats of the written weights. nil keeps what a folder has; what comes from GGUF becomes f32, so that no value changes.
  public var precision: ImportPrecision?
  /// Called with the bytes of weights that are written, and those of all.
  public var observer: ((_ done: Int, _ total: Int) -> Void)?

  private let model: ImportedModel

  /// Opens and checks everything but the weights' values.
  ///
  /// - Parameter tokenizer: the `tok.bin` of a llama2.c model, which carries none.
  /// - Throws: ``ImportError``, or `CheckpointError` for the weights of a folder.
  public init(of source: URL, tokenizer: URL? = nil) throws {
    self.source = source
    model = try ImportedModel(at: source, tokenizer: tokenizer)
  }

  /// Writes the folder, which is complete or not there at all.
  ///
  /// - Parameter folder: new, or empty: nothing that lies there is replaced.
  /// - Throws: ``ImportError`` for a weight that is no finite number or that the precision cannot hold, for a tokenizer that
  ///   is not read, and where the folder is taken; `OutputError` where it cannot be written.
  public func write(to folder: URL) throws -> ImportResult {
    let output = try NewFolder(folder)
    // Before the weights, which take long.
    let tokenizer = try model.tokenizer()
    let bytes = try output.write { try writeFiles(tokenizer, to: $0) }
    return ImportResult(
      model, folder: folder.standardizedFileURL.relativePath, bytes: bytes, precision: precision)
  }

  private func writeFiles(_ tokenizer: TokenizerFiles, to folder: URL) throws -> Int {
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let weights = try AtomicFile(replacing: path("model.safetensors"))
    let bytes = try WeightStream(source: source.path, precision: precision, observer: observer).write(
      model.tensors, to: weights)
    try weights.commit()
    try AtomicFile.write(configuration.prettyBytes, replacing: path("config.json"))
    try AtomicFile.write([UInt8](tokenizer.tokenizer), replacing: path("tokenizer.json"))
    try AtomicFile.write([UInt8](tokenizer.configuration), replacing: path("tokenizer_config.json"))
    return bytes
  }

  /// The source's configuration, with the type that the weights are written in.
  private var configuration: JSONValue {
    var file = model.configurationFile
    let types = model.tensors.types
    guard let name = precision?.torchName ?? (types.count == 1 ? types.first?.torchName : nil) else { return file }
    // transformers says `dtype` since its version 5, and everybody reads the older word.
    file.set(file["dtype"] == nil ? "torch_dtype" : "dtype", to: .string(name))
    return file
  }
}

extension SafetensorsHeader.ElementType {
  fileprivate var torchName: String? {
    ImportPrecision.allCases.first { $0.elementType == self }?.torchName
  }
}
