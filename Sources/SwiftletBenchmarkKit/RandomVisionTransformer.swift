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
    var builder = Builder(settings: self, generator: SplitMix64(seed: seed))
    try builder.build()
    return try ModelFile(builder.graph, constants: builder.constants)
  }

  private struct Builder {
    let settings: RandomVisionTransformer
    var generator: SplitMix64
    var graph = Graph(name: "")
    var constants: [EncodedConstant] = []

    /// What the layers of a block read.
    var activationType: Graph.ElementType { settings.precision == .int8 ? .uint8 : .float32 }

    /// A grid for values that mostly lie in `-range...range`.
    func grid(_ range: Float) -> Graph.Quantization? {
      settings.precision == .int8 ? Graph.Quantization(scale: 2 * range / 255, zeroPoint: 128) : nil
    }

    mutating func build() throws {
      let width = settings.size.width
      graph.name = settings.name
      graph.metadata = settings.metadata
      graph.appendInput("images", shape: [.batch, 3, .fixed(settings.imageSize), .fixed(settings.imageSize)])
      let patches = try graph.append(
        .patchify(patch: settings.patch), named: "patches", of: ["images"], type: activationType, quantization: grid(3))
      let embedded = try linear(
        "patch_embed", [patches], from: 3 * settings.patch * settings.patch, to: width, isPruned: false)
      let tokens = (settings.imageSize / settings.patch) * (settings.imageSize / settings.patch) + 1
      let cls = try graph.append(
        .expand([.batch, 1, .fixed(width)]), named: "cls", of: [floats("cls_token", [1, 1, width], 0.02)])
      let joined = try graph.append(.concatenate(axis: 1), named: "tokens", of: [cls, embedded])
      var x = try graph.append(
        .add, named: "positioned", of: [joined, floats("pos_embed", [1, tokens, width], 0.02)])
      for block in 0..<settings.depth { x = try transformed(x, by: "blocks.\(block)") }
      let first = try graph.append(.select(axis: 1, index: 0), named: "class", of: [x])
      graph.outputs = [
        try linear("head", [norm("norm", first)], from: width, to: settings.classes, isPruned: false)
      ]
    }

    private mutating func transformed(_ x: String, by name: String) throws -> String {
      let width = settings.size.width
      let heads = width / 64
      let qkv = try linear(
        "\(name).attn.qkv", [norm("\(name).norm1", x)], from: width, to: 3 * width, type: activationType, grid(4))
      let mixed = try graph.append(
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
        weight: try floats("\(name).weight", [width], 1), bias: try floats("\(name).bias", [width], 0.1), epsilon: 1e-6)
      return try graph.append(operation, named: name, of: [x], type: activationType, quantization: grid(4))
    }

    private mutating func linear(
      _ name: String, _ inputs: [String], from columns: Int, to rows: Int, activation: Graph.Activation? = nil,
      isPruned: Bool = true, type: Graph.ElementType = .float32, _ quantization: Graph.Quantization? = nil
    ) throws -> String {
      let pattern = isPruned ? settings.pattern : nil
      let weights = kept(rows * columns, pattern)
      let deviation = 1 / Float(columns).squareRoot()
      let constant: EncodedConstant
      switch settings.precision {
      case .int8:
        constant = try EncodedConstant(
          name: "\(name).weight", shape: [rows, columns], int8: weights.map { Int8($0 * 127) },
          scales: [Float](repeating: deviation / 127, count: rows), pattern: pattern)
      case .fp32, .bf16:
        constant = try EncodedConstant(
          name: "\(name).weight", shape: [rows, columns], floats: weights.map { $0 * deviation },
          type: settings.precision == .bf16 ? .bfloat16 : .float32, pattern: pattern)
      }
      let operation = Graph.Operation.linear(
        weight: append(constant), bias: try floats("\(name).bias", [rows], 0.1), activation: activation)
      return try graph.append(operation, named: name, of: inputs, type: type, quantization: quantization)
    }

    /// Numbers in -1...1, of which each group keeps as many as the pattern says, at random places.
    private mutating func kept(_ count: Int, _ pattern: SparsityPattern?) -> [Float] {
      var weights = (0..<count).map { _ in unit() }
      guard let pattern else { return weights }
      for start in stride(from: 0, to: count, by: pattern.group) {
        for place in 0..<pattern.group {
          // Draws the dropped places without repetition: of the places left, drop as many as must go.
          let left = pattern.group - place
          let mustGo = pattern.group - pattern.kept - weights[start..<start + place].count { $0 == 0 }
          if Int(generator.next() % UInt64(left)) < mustGo { weights[start + place] = 0 }
        }
      }
      return weights
    }

    private mutating func unit() -> Float { Float(generator.next() >> 40) / Float(1 << 23) - 1 }

    private mutating func floats(_ name: String, _ shape: [Int], _ range: Float) throws -> String {
      append(
        try EncodedConstant(name: name, shape: shape, floats: (0..<shape.reduce(1, *)).map { _ in unit() * range }))
    }

    private mutating func append(_ constant: EncodedConstant) -> String {
      constants.append(constant)
      graph.constants.append(constant.constant)
      return constant.constant.name
    }
  }
}
