extension Graph {
  /// A function applied to each element.
  public enum Activation: String, Hashable, Sendable, Codable, CaseIterable {
    case relu
    /// `x * Phi(x)` with the exact error function, as in PyTorch's default.
    case gelu
    /// `x * sigmoid(x)`.
    case silu
    case sigmoid
    /// `x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, PyTorch's other form of gelu.
    case geluTanh
    /// `x * sigmoid(1.702 x)`.
    case quickGelu
  }

  /// What a node computes. Inputs are positional; parameters are constants, by name.
  public enum Operation: Hashable, Sendable {
    /// Images `[batch, channels, height, width]` to `[batch, patches, channels * patch * patch]`, patches in row order
    /// and a patch's elements ordered channel, row, column: a convolution whose stride is its kernel becomes this and
    /// a linear. Inputs: image.
    case patchify(patch: Int)
    /// `activation(x Wᵀ + bias) + residual` over the last axis. Inputs: x, and optionally the residual.
    case linear(weight: String, bias: String?, activation: Activation?)
    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last axis. Inputs: x.
    case layerNorm(weight: String?, bias: String?, epsilon: Double)
    /// Inputs: x.
    case activation(Activation)
    /// Sums with broadcasting. Inputs: two.
    case add
    /// Products with broadcasting. Inputs: two.
    case multiply
    /// `softmax(scale * Q Kᵀ + mask) V` for each head. Inputs: `[batch, tokens, 3 * width]` with queries, keys and
    /// values side by side, or three of them `[batch, tokens, width]`; then optionally a mask that is added to
    /// the scores: `[queries, keys]`, `[heads, queries, keys]` or `[batch, 1, queries, keys]`. Within windows there is
    /// no mask: each token sees the tokens of its window.
    case attention(heads: Int, scale: Double, windows: AttentionWindows? = nil)
    /// Over the last axis. Inputs: x.
    case softmax
    /// Products of matrices in the last two axes; the second may be transposed. Inputs: two.
    case matmul(transposesSecond: Bool)
    /// The same elements under another shape. Inputs: x.
    case reshape(Shape)
    /// Repeats axes of length 1, and the whole along new outer axes. Inputs: x.
    case expand(Shape)
    /// Axis `i` of the output is axis `order[i]` of the input. Inputs: x.
    case permute([Int])
    /// Inputs: one or more.
    case concatenate(axis: Int)
    /// The half-open range `start..<end` of an axis. Inputs: x.
    case slice(axis: Int, start: Int, end: Int)
    /// One index of an axis, which disappears. Inputs: x.
    case select(axis: Int, index: Int)
    /// Averages over neighbouring axes. Inputs: x.
    case mean(axes: [Int], keepsAxes: Bool)
    /// Quantises, dequantises or changes the float type, as the types of input and output say. Inputs: x.
    case convert

    /// The operation's name in the JSON.
    public var name: String { kind.rawValue }
  }

  /// One step of the computation.
  public struct Node: Hashable, Sendable {
    /// The path of the layer that it came from, such as `blocks.0.attn.qkv`; for messages and profiles.
    public var name: String
    public var operation: Operation
    /// Names of values or constants.
    public var inputs: [String]
    /// The name of the value that it computes.
    public var output: String

    public init(name: String, operation: Operation, inputs: [String], output: String) {
      self.name = name
      self.operation = operation
      self.inputs = inputs
      self.output = output
    }
  }
}

extension Graph.Operation {
  enum Kind: String, Codable, CaseIterable {
    case patchify, linear, layerNorm, activation, add, multiply, attention, softmax, matmul, reshape, expand, permute
    case concatenate, slice, select, mean, convert
  }

  var kind: Kind {
    switch self {
    case .patchify: .patchify
    case .linear: .linear
    case .layerNorm: .layerNorm
    case .activation: .activation
    case .add: .add
    case .multiply: .multiply
    case .attention: .attention
    case .softmax: .softmax
    case .matmul: .matmul
    case .reshape: .reshape
    case .expand: .expand
    case .permute: .permute
    case .concatenate: .concatenate
    case .slice: .slice
    case .select: .select
    case .mean: .mean
    case .convert: .convert
    }
  }

  /// The constants that the settings name (weights, biases), besides those among a node's inputs.
  public var parameters: [String] {
    switch self {
    case .linear(let weight, let bias, _): [weight] + (bias.map { [$0] } ?? [])
    case .layerNorm(let weight, let bias, _): [weight, bias].compactMap(\.self)
    case .attention(_, _, let windows): [windows?.biases].compactMap(\.self)
    default: []
    }
  }
}
