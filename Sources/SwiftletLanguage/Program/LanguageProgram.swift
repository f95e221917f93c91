import SwiftletRuntime

/// A language model of the Llama family as the runtime runs it: the shape of its layers, what each keeps of a token, and
/// the constants that the model file holds. docs/format.md describes its JSON.
public struct LanguageProgram: Hashable, Sendable {
  /// The version of the JSON that this program writes and reads.
  public static let version = 1
  /// How a container calls this kind of program.
  package static let kind = "language"

  public var name: String
  /// Tokens that are told apart.
  public var vocabulary: Int
  /// The most tokens that a text may have.
  public var contextLength: Int
  /// Elements of a token between layers, and of a head.
  public var width, headWidth: Int
  /// Heads of queries, and of keys; each of those serves `heads / keyHeads` neighbours.
  public var heads, keyHeads: Int
  /// Elements of a feed-forward layer.
  public var hidden: Int
  public var activation: Graph.Activation
  public var normEpsilon: Double
  public var positions: Positions
  /// The table of tokens: `[vocabulary, width]`.
  public var embedding: String
  public var layers: [Layer]
  /// The weight of the last norm, `[width]`.
  public var norm: String
  /// What scores the next token; its weight may be the embedding's table.
  public var head: Projection
  /// The token in front of a text, and those behind its end.
  public var beginning: Int?
  public var ends: [Int]
  public var constants: [Graph.Constant]
  /// Free texts by topic.
  public var notes: [String: String]

  public init(
    name: String, vocabulary: Int, contextLength: Int, width: Int, headWidth: Int, heads: Int, keyHeads: Int,
    hidden: Int, activation: Graph.Activation = .silu, normEpsilon: Double, positions: Positions, embedding: String,
    layers: [Layer], norm: String, head: Projection, beginning: Int? = nil, ends: [Int] = [],
    constants: [Graph.Constant], notes: [String: String] = [:]
  ) {
    (self.name, self.vocabulary, self.contextLength) = (name, vocabulary, contextLength)
    (self.width, self.headWidth, self.heads, self.keyHeads) = (width, headWidth, heads, keyHeads)
    (self.hidden, self.activation, self.normEpsilon) = (hidden, activation, normEpsilon)
    (self.positions, self.embedding, self.layers, self.norm, self.head) = (positions, embedding, layers, norm, head)
    (self.beginning, self.ends, self.constants, self.notes) = (beginning, ends, constants, notes)
  }

  /// How a network knows where tokens stand.
  public enum Positions: Hashable, Sendable {
    /// Queries and keys are turned: pair i, elements i and i + headWidth / 2 of a head, at position p by the angle
    /// `p * frequencies[i]`, a float32. `frequencies` is a constant `[headWidth / 2]`, and cosines and sines are multiplied
    /// by `factor`.
    case rotary(frequencies: String, factor: Double)
    /// A score falls with the distance, in each head by a slope: a constant `[heads]`.
    case linearBiases(slopes: String)
    /// By nothing but that later tokens are hidden.
    case none
  }

  /// `x Wᵀ + bias`.
  public struct Projection: Hashable, Sendable, Encodable {
    /// `[outputs, inputs]`.
    public var weight: String
    /// `[outputs]`.
    public var bias: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case weight, bias }

    public init(weight: String, bias: String? = nil) { (self.weight, self.bias) = (weight, bias) }
  }

  /// A block: attention, and then a gated feed-forward layer, each added to the token.
  public struct Layer: Hashable, Sendable, Encodable {
    /// The weights of the norms in front of both, `[width]`.
    public var attentionNorm, feedForwardNorm: String
    /// What makes queries, keys and values of a token, or latents in the place of the latter two, one behind the other:
    /// one projection that gives all of them, or several that share them.
    public var attentionInputs: [Projection]
    public var keys, values: Memory
    public var attentionOutput: Projection
    /// What makes gate and value: one projection, or two.
    public var feedForwardInputs: [Projection]
    public var feedForwardOutput: Projection
    /// Tokens that a query sees, its own included; nil for all.
    public var window: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case attentionNorm, attentionInputs, keys, values, attentionOutput, feedForwardNorm, feedForwardInputs
      case feedForwardOutput, window
    }

    public init(
      attentionNorm: String, attentionInputs: [Projection], keys: Memory, values: Memory, attentionOutput: Projection,
      feedForwardNorm: String, feedForwardInputs: [Projection], feedForwardOutput: Projection, window: Int? = nil
    ) {
      (self.attentionNorm, self.feedForwardNorm) = (attentionNorm, feedForwardNorm)
      (self.attentionInputs, self.keys, self.values) = (attentionInputs, keys, values)
      (self.attentionOutput, self.feedForwardInputs) = (attentionOutput, feedForwardInputs)
      (self.feedForwardOutput, self.window) = (feedForwardOutput, window)
    }
  }

  /// What a layer keeps of each token on one side, keys or values: `parts` vectors of `width` elements.
  ///
  /// Without `up` these are the heads, `keyHeads` of `headWidth`, keys as their positions have turned them. With it each is
  /// a latent that stands for `keyHeads / parts` neighbouring heads.
  /// Source: Chang et al., "Palu" (2025), sections 3.2 and 4.2.
  public struct Memory: Hashable, Sendable {
    public var format: Format
    public var parts, width: Int
    /// What makes heads of latents: `[keyHeads, headWidth, width]`, dense f32.
    public var up: String?
    /// Added to what `up` makes: `[keyHeads * headWidth]`.
    public var bias: String?
    /// An orthogonal matrix that whole keys, and queries, are multiplied by before keys are rounded:
    /// `[headWidth, headWidth]`, dense f32, `x ↦ turn x`.
    public var turn: String?
    /// How many layers before this one the latents are kept that this one reads; nil where it keeps its own.
    public var layersBefore: Int?

    public init(
      _ format: Format, parts: Int, width: Int, up: String? = nil, bias: String? = nil, turn: String? = nil,
      layersBefore: Int? = nil
    ) {
      (self.format, self.parts, self.width, self.up) = (format, parts, width, up)
      (self.bias, self.turn, self.layersBefore) = (bias, turn, layersBefore)
    }

    /// In what numbers.
    public enum Format: Hashable, Sendable {
      case float32, bfloat16, float16
      /// Codes of 8, 4, 3 or 2 bits, of which every `slice` neighbours share a scale and an offset in f16.
      case codes(bits: Int, slice: Int)
    }
  }
}
