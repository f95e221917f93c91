import Foundation
import SwiftletFiles
import SwiftletTensor

/// Reads and writes checkpoint files.
public enum Checkpoint {
  public enum Format: String, Hashable, Sendable, CaseIterable {
    /// PyTorch's zip format, `.pt` or `.pth`; `torch.load` reads it with its defaults.
    case torch
    case safetensors

    /// By the name's extension; PyTorch's where it says nothing.
    public init(for url: URL) { self = url.pathExtension.lowercased() == "safetensors" ? .safetensors : .torch }
  }

  /// The tensors of a file by name; the format is told by the content. Elements are read when they are first used.
  ///
  /// Where a PyTorch file nests dictionaries, the one that holds the parameters is looked for (`model`, `state_dict`,
  /// `model_state_dict`, `module`); otherwise names join the keys with dots. What is no tensor is left out:
  /// ``readValue(from:)`` has it.
  ///
  /// - Throws: ``CheckpointError``. No content of a file, however hostile, runs code, stops the program or makes it
  ///   allocate more than a small multiple of the file's size.
  public static func read(from url: URL) throws(CheckpointError) -> StateDictionary {
    try naming(url.path) { () throws(CheckpointError) in
      try read(.checkpoint(url.path))
    }
  }

  static func read(_ file: MappedFile) throws(CheckpointError) -> StateDictionary {
    if Safetensors.isOne(file) { return try Safetensors.read(file) }
    let torch = try open(file)
    var state = try TensorWalk.stateDictionary(of: try torch.value())
    state.metadata = torch.metadata
    return state
  }

  /// Everything in a PyTorch file, as plain values.
  ///
  /// - Throws: ``CheckpointError``, as `read` does.
  public static func readValue(from url: URL) throws(CheckpointError) -> PickleValue {
    try naming(url.path) { () throws(CheckpointError) in
      try open(.checkpoint(url.path)).value()
    }
  }

  static func open(_ file: MappedFile) throws(CheckpointError) -> TorchFile {
    if TorchFile.isZip(file) { return try TorchFile(zip: file) }
    if TorchFile.isLegacy(file) { return try TorchFile(legacy: file) }
    throw CheckpointError(
      .unknownFormat,
      file.bytes.isEmpty
        ? "is empty" : "is neither a PyTorch nor a safetensors file; a GGUF, ONNX or archive needs converting first")
  }

  /// Writes a file that is complete or not there at all; what was there before stays until then.
  ///
  /// - Throws: ``CheckpointError`` when it cannot be written, as on a full disk.
  public static func write(_ state: StateDictionary, to url: URL, format: Format? = nil) throws(CheckpointError) {
    try naming(url.path) { () throws(CheckpointError) in
      let file = try translated(try AtomicFile(replacing: url.path))
      switch format ?? Format(for: url) {
      case .torch: try TorchFileWriter.write(state, to: file)
      case .safetensors: try Safetensors.write(state, to: file)
      }
      try translated(try file.commit())
    }
  }
}

extension StateDictionary {
  /// Writes a checkpoint, see ``Checkpoint/write(_:to:format:)``.
  public func write(to url: URL, format: Checkpoint.Format? = nil) throws(CheckpointError) {
    try Checkpoint.write(self, to: url, format: format)
  }
}
