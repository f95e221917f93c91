/// A layer that compression may change, as the network that it belongs to declares it.
///
/// Everything that plans, costs and pruning know of a layer is here; nobody guesses it from a name.
public struct Slot: Hashable, Sendable {
  /// What the layer is.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// A matrix `[outputs, inputs]`.
    case linear
    /// `inputs` are the elements that an output sums over: channels times the kernel's area.
    case convolution
    /// A matrix whose outputs a cache keeps of every token: `heads` keys, or `heads` values.
    case keys, values

    /// Whether a cache keeps its outputs.
    public var isCached: Bool { self == .keys || self == .values }

    /// What may usually be decided for such a layer.
    public var axes: Set<LayerChoice.Axis> {
      let usual: Set<LayerChoice.Axis> = [.pattern, .precision, .groupSize, .activationBits, .observer]
      return switch self {
      case .linear: usual.union([.rank])
      case .convolution: usual
      case .keys: usual.union([.rank, .headGroup, .layerGroup, .latentGroup, .keyBits])
      case .values: usual.union([.rank, .headGroup, .layerGroup, .latentGroup, .valueBits])
      }
    }
  }

  /// Where the layer's block is, such as `blocks.0`; empty for a layer outside of blocks.
  public let block: String
  /// What the layer does in its block, such as `attn.qkv`: layers of one role and one shape are alike.
  public let role: String
  public let kind: Kind
  public let inputs, outputs: Int
  /// How often one sample goes through the layer: tokens, or places of a map.
  public let positions: Int
  /// Attention heads that the outputs are made of; 1 where there are none.
  public let heads: Int
  /// Layers with the same tie take the same choice.
  public let tie: String?
  /// What a plan may decide.
  public let axes: Set<LayerChoice.Axis>

  /// - Precondition: sizes are 1 or more, and `heads` divides `outputs`.
  public init(
    block: String, role: String, kind: Kind = .linear, inputs: Int, outputs: Int, positions: Int, heads: Int = 1,
    tie: String? = nil, axes: Set<LayerChoice.Axis>? = nil
  ) {
    precondition(
      inputs > 0 && outputs > 0 && positions > 0 && heads > 0 && outputs.isMultiple(of: heads),
      "Slot \(block).\(role): \(inputs) to \(outputs) with \(heads) heads at \(positions) positions")
    (self.block, self.role, self.kind) = (block, role, kind)
    (self.inputs, self.outputs, self.positions, self.heads) = (inputs, outputs, positions, heads)
    (self.tie, self.axes) = (tie, axes ?? kind.axes)
  }

  /// Where the layer is in its network: `blocks.0.attn.qkv`.
  public var path: String { block.isEmpty ? role : "\(block).\(role)" }

  public var weights: Int { inputs * outputs }

  /// Multiply-adds of one sample where nothing is decided.
  public var dense: Int { positions * weights }
}
