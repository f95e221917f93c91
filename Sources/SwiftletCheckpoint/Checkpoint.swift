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

  /// What a path led to.
  public struct Contents: Sendable {
    public var state: StateDictionary
    public let files: CheckpointFiles
    /// The files that the tensors lie in: one, or the shards.
    public let parts: [URL]
    /// Which weights were taken, where the file holds both the trained ones and their average.
    public let choice: WeightChoice?
  }

  /// The tensors of a checkpoint by name; the format is told by the content. Elements are read when they are first used.
  ///
  /// A checkpoint is one file, the index of a sharded one, or a folder that holds either, see ``CheckpointFiles``. Where
  /// a PyTorch file nests dictionaries, the one that holds the parameters is looked for (`model`, `state_dict`,
  /// `model_state_dict`, `module`); otherwise names join the keys with dots. What is no tensor is left out:
  /// ``readValue(from:)`` has it.
  ///
  /// - Throws: ``CheckpointError``. No content of a file, however hostile, runs code, stops the program or makes it
  ///   allocate more than a small multiple of the file's size.
  public static func read(from url: URL) throws(CheckpointError) -> StateDictionary {
    try contents(of: url).state
  }

  /// The tensors of a checkpoint, as ``read(from:)`` reads them, with where they come from.
  ///
  /// - Parameter averages: whether the weights' average over the steps is wanted (`state_dict_ema`, `model_ema`, `ema`),
  ///   which training scripts write beside the weights themselves.
  public static func contents(of url: URL, averages: Bool = false) throws(CheckpointError) -> Contents {
    let files = try CheckpointFiles(at: url)
    if let index = files.index {
      return try naming(index.path) { () throws(CheckpointError) in
        if averages { throw .noAverage }
        let (state, shards) = try ShardIndex.read(index)
        return Contents(state: state, files: files, parts: shards, choice: nil)
      }
    }
    return try naming(files.weights.path) { () throws(CheckpointError) in
      let (state, choice) = try read(.checkpoint(files.weights.path), averages: averages)
      return Contents(state: state, files: files, parts: [files.weights], choice: choice)
    }
  }

  static func read(
    _ file: MappedFile, averages: Bool = false
  ) throws(CheckpointError) -> (state: StateDictionary, choice: WeightChoice?) {
    if SafetensorsHeader.begins(file.bytes) {
      if averages { throw .noAverage }
      return (try Safetensors.read(file), nil)
    }
    let torch = try open(file)
    var (state, choice) = try TensorWalk.stateDictionary(of: try torch.value(), averages: averages)
    state.metadata = torch.metadata
    return (state, choice)
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
