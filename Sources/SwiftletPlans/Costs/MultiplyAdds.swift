/// The multiply-adds of one image, by part, in exact integers.
///
/// What counts is what is multiplied and added up: the linear layers and convolutions, heads included, and the two products
/// of attention. Norms, softmax, activations, residual sums and biases cost nothing. This is what a model file counts too.
/// ``published`` counts as the literature does.
public struct MultiplyAdds: Hashable, Sendable {
  /// `attention` is the two products of activations.
  public let patchEmbedding, norms, attention: Int
  /// The linear layers between the stages of a hierarchical network.
  public let patchMerging: Int
  public let head: Int
  /// Whether the family's literature counts the head.
  public let publishesHead: Bool
  /// What ``fixed``, ``dense`` and ``total(keeping:)`` count.
  public private(set) var convention = Convention.products

  /// A way of counting.
  public enum Convention: Hashable, Sendable {
    /// All products.
    case products
    /// As the cost functions that each family's literature compares by, which budgets follow: norms count one an element,
    /// and DeiT's head nothing. Source: Huang et al., "ELSA" (2024), its released code.
    case published
  }
  /// The layers that compression may change, in the order of the forward pass.
  public let slots: [Slot]

  public init(
    patchEmbedding: Int, norms: Int, attention: Int, patchMerging: Int = 0, head: Int, publishesHead: Bool,
    slots: [Slot]
  ) {
    self.patchEmbedding = patchEmbedding
    self.norms = norms
    self.attention = attention
    self.patchMerging = patchMerging
    self.head = head
    self.publishesHead = publishesHead
    self.slots = slots
  }

  /// The same network counted as its literature counts.
  public var published: MultiplyAdds {
    var other = self
    other.convention = .published
    return other
  }

  /// What no sparsity of the linear layers changes.
  public var fixed: Int {
    let products = patchEmbedding + attention + patchMerging
    return switch convention {
    case .products: products + head
    case .published: products + norms + (publishesHead ? head : 0)
    }
  }
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
