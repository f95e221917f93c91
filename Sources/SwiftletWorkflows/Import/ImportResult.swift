import SwiftletFiles
import SwiftletTerminal

/// What was brought in, for people and for programs.
public struct ImportResult: Encodable, Hashable, Sendable {
  public let folder: String
  /// What it was read from, such as `GGUF version 3, Q4_1 and Q8_0`.
  public let format: String
  /// The network in words.
  public let network: String
  public let parameters: Int
  /// What the weights are written in: `F32`, or what the source has.
  public let precision: String
  /// Bytes of the weights.
  public let bytes: Int
  /// The most memory that the process took, its mapped files included; nil where the system does not say.
  public let peakMemoryBytes: Int?

  init(_ model: ImportedModel, folder: String, bytes: Int, precision: ImportPrecision?) {
    (self.folder, self.bytes, format) = (folder, bytes, model.format)
    network = "\(model.configuration)"
    parameters = model.tensors.reduce(0) { $0 + $1.elementCount }
    let types = precision.map { [$0.elementType] } ?? model.tensors.types
    self.precision = types.map(\.rawValue).joined(separator: " and ")
    peakMemoryBytes = ProcessMemory.peakByteCount
  }
}

extension ImportResult: CustomStringConvertible {
  public var description: String {
    "\(folder): \(network)\n"
      + "\(parameters.countText) parameters from \(format), written as \(precision): \(bytes.byteText)"
      + (peakMemoryBytes.map { "; at most \($0.byteText) of memory" } ?? "")
  }
}
