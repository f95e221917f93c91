import Foundation
import SwiftletPlans
import SwiftletRuntime

/// A network ready to be written: its graph, its packed weights, and what was decided for each layer.
public struct ExportedModel: Sendable {
  /// What became of one linear layer.
  public struct Layer: Hashable, Sendable {
    public let path: String
    /// `[outputs, inputs]`.
    public let shape: [Int]
    /// Nil where every weight is stored.
    public let pattern: SparsityPattern?
    public let precision: Precision
    /// How many weights share a scale where they are stored in 4 bits; their precision is fp32.
    public let int4Group: Int?
    /// `int4`, or else the precision's name.
    public var formatName: String { int4Group == nil ? precision.rawValue : "int4" }
    /// Bytes of values, indices and scales, alignment excluded.
    public let byteCount: Int
    /// Bytes of values and indices alone: what the formula of a pattern counts.
    public var weightByteCount: Int {
      byteCount - (precision == .int8 ? 4 * shape[0] : int4Group.map { 4 * shape[0] * shape[1] / $0 } ?? 0)
    }
    /// The grid of its input, for int8 layers whose activations are calibrated.
    public let input: Graph.Quantization?
    /// Pattern and precision as a plan names them.
    public var choice: LayerChoice {
      LayerChoice(pattern: pattern ?? .dense, precision: precision)
    }
  }

  public let graph: Graph
  public let constants: [EncodedConstant]
  public let layers: [Layer]
  /// What 8 bits do to the scores, where a layer is int8.
  public internal(set) var int8Effect: Int8Effect?

  /// Writes the model file; one that was there before stays whole until the new one is durable.
  public func write(to url: URL) throws(ModelFileError) {
    try ModelFile.write(graph, constants: constants, to: url)
  }

  /// The model as if it had been written and opened.
  public func modelFile() throws(ModelFileError) -> ModelFile {
    try ModelFile(graph, constants: constants)
  }

  init(_ network: Network, constants: [EncodedConstant], formats: [String: WeightFormat]) {
    graph = network.graph
    self.constants = constants
    layers = network.linearLayers.compactMap { weight, path, node in
      guard let constant = network.graph.constant(named: weight), let format = formats[weight] else { return nil }
      return Layer(
        path: path, shape: constant.shape, pattern: format.pattern, precision: format.precision,
        int4Group: format.int4Group, byteCount: constant.byteCount,
        input: network.graph.value(named: node.inputs[0])?.quantization)
    }
  }
}
