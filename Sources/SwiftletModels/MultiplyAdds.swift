/// The multiply-adds of one image, by part, in exact integers.
///
/// Counted as the literature of each family counts; the families differ in what they leave out. Softmax, activations,
/// residual sums and biases cost nothing anywhere. Source: Huang et al., "ELSA" (2024), its released cost functions.
public struct MultiplyAdds: Hashable, Sendable {
  /// One linear layer of the blocks on all tokens.
  public struct Slot: Hashable, Sendable {
    /// The layer's path, such as `blocks.0.attn.qkv`.
    public let path: String
    public let inputs, outputs: Int
    /// Dense multiply-adds: tokens · inputs · outputs.
    public let dense: Int
  }

  /// `attention` is the two products of activations.
  public let patchEmbedding, norms, attention: Int
  /// The linear layers between the stages of a hierarchical network.
  public let patchMerging: Int
  /// Zero where the family's literature leaves the head out.
  public let head: Int
  /// By block, in the order of the forward pass: qkv, proj, fc1, fc2.
  public let slots: [Slot]

  public init(
    patchEmbedding: Int, norms: Int, attention: Int, patchMerging: Int = 0, head: Int = 0, slots: [Slot]
  ) {
    self.patchEmbedding = patchEmbedding
    self.norms = norms
    self.attention = attention
    self.patchMerging = patchMerging
    self.head = head
    self.slots = slots
  }

  /// What no sparsity of the linear layers changes.
  public var fixed: Int { patchEmbedding + norms + attention + patchMerging + head }
  public var dense: Int { fixed + slots.reduce(0) { $0 + $1.dense } }

  /// The total when of every `group` weights of a slot `kept` remain; nil means dense.
  ///
  /// - Precondition: `group` divides the slot's inputs.
  public func total(keeping level: (_ path: String) -> (kept: Int, group: Int)?) -> Int {
    slots.reduce(fixed) { sum, slot in
      guard let (kept, group) = level(slot.path) else { return sum + slot.dense }
      precondition(
        slot.inputs.isMultiple(of: group), "\(slot.path): groups of \(group) do not divide \(slot.inputs) inputs")
      return sum + slot.dense / group * kept
    }
  }
}
