import SwiftletFiles
import SwiftletRuntime

/// A vision transformer with random weights: for measuring speed and memory where no trained model is at hand.
///
/// The graph is the one that an exported DeiT has: patch embedding, class token and positions, pre-norm blocks with
/// residuals fused into the layers, a head on the class token. As in ELSA, the four layers of each block take the
/// pattern, and the embedding and the head stay dense.
/// Source: Touvron et al., "Training data-efficient image transformers" (2021), table 1.
public struct RandomVisionTransformer: Sendable {
  public enum Size: String, Hashable, Sendable, Codable, CaseIterable {
    case tiny, small, base

    var width: Int {
      switch self {
      case .tiny: 192
      case .small: 384
      case .base: 768
      }
    }
  }

  public var size: Size
  /// What weights are stored as, and with it what layers compute in.
  public var precision: Precision
  /// Nil is dense.
  public var pattern: SparsityPattern?
  public var imageSize = 224
  public var patch = 16
  public var depth = 12
  public var classes = 1000
  public var metadata = Graph.Metadata()
  public var seed: UInt64 = 1

  public init(size: Size, precision: Precision = .fp32, pattern: SparsityPattern? = nil) {
    self.size = size
    self.precision = precision
    self.pattern = pattern
  }

  /// `deit-small-int8-2:4`.
  public var name: String { "deit-\(size.rawValue)-\(precision.rawValue)-\(pattern?.description ?? "dense")" }

  /// The model, in memory.
  ///
  /// - Throws: `GraphError`, `ConstantError` or `ModelFileError` when the settings do not fit together.
  public func model() throws -> ModelFile {
    var builder = Builder(settings: self, random: RandomGraph(name: name, precision: precision, seed: seed))
    try builder.build()
    return try builder.random.model()
  }

  private struct Builder {
    let settings: RandomVisionTransformer
    var random: RandomGraph

    /// What the layers of a block read.
    var activationType: Graph.ElementType { settings.precision == .int8 ? .uint8 : .float32 }

    /// A grid for values that mostly lie in `-range...range`.
    func grid(_ range: Float) -> Graph.Quantization? {
      settings.precision == .int8 ? Graph.Quantization(scale: 2 * range / 255, zeroPoint: 128) : nil
    }

    mutating func build() throws {
      let width = settings.size.width
      random.graph.metadata = settings.metadata
      random.graph.appendInput("images", shape: [.batch, 3, .fixed(settings.imageSize), .fixed(settings.imageSize)])
      let patches = try random.graph.append(
        .patchify(patch: settings.patch), named: "patches", of: ["images"], type: activationType, quantization: grid(3))
      let embedded = try linear(
        "patch_embed", [patches], from: 3 * settings.patch * settings.patch, to: width, isPruned: false)
      let tokens = (settings.imageSize / settings.patch) * (settings.imageSize / settings.patch) + 1
      let cls = try random.graph.append(
        .expand([.batch, 1, .fixed(width)]), named: "cls", of: [random.floats("cls_token", [1, 1, width], 0.02)])
      let joined = try random.graph.append(.concatenate(axis: 1), named: "tokens", of: [cls, embedded])
      var x = try random.graph.append(
        .add, named: "positioned", of: [joined, random.floats("pos_embed", [1, tokens, width], 0.02)])
      for block in 0..<settings.depth { x = try transformed(x, by: "blocks.\(block)") }
      let first = try random.graph.append(.select(axis: 1, index: 0), named: "class", of: [x])
      random.graph.outputs = [
        try linear("head", [norm("norm", first)], from: width, to: settings.classes, isPruned: false)
      ]
    }

    private mutating func transformed(_ x: String, by name: String) throws -> String {
      let width = settings.size.width
      let heads = width / 64
      let qkv = try linear(
        "\(name).attn.qkv", [norm("\(name).norm1", x)], from: width, to: 3 * width, type: activationType, grid(4))
      let mixed = try random.graph.append(
        .attention(heads: heads, scale: 0.125), named: "\(name).attn", of: [qkv], type: activationType,
        quantization: grid(4))
      let attended = try linear("\(name).attn.proj", [mixed, x], from: width, to: width)
      let hidden = try linear(
        "\(name).mlp.fc1", [norm("\(name).norm2", attended)], from: width, to: 4 * width, activation: .gelu,
        type: activationType, grid(4))
      return try linear("\(name).mlp.fc2", [hidden, attended], from: 4 * width, to: width)
    }

    private mutating func norm(_ name: String, _ x: String) throws -> String {
      let width = settings.size.width
      let operation = Graph.Operation.layerNorm(
        weight: try random.floats("\(name).weight", [width], 1), bias: try random.floats("\(name).bias", [width], 0.1),
        epsilon: 1e-6)
      return try random.graph.append(operation, named: name, of: [x], type: activationType, quantization: grid(4))
    }

    private mutating func linear(
      _ name: String, _ inputs: [String], from columns: Int, to rows: Int, activation: Graph.Activation? = nil,
      isPruned: Bool = true, type: Graph.ElementType = .float32, _ quantization: Graph.Quantization? = nil
    ) throws -> String {
      let weight = try random.weight(
        "\(name).weight", rows: rows, columns: columns, range: 1 / Float(columns).squareRoot(),
        pattern: isPruned ? settings.pattern : nil)
      let operation = Graph.Operation.linear(
        weight: weight, bias: try random.floats("\(name).bias", [rows], 0.1), activation: activation)
      return try random.graph.append(operation, named: name, of: inputs, type: type, quantization: quantization)
    }
  }
}
