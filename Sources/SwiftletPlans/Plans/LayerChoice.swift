import SwiftletRuntime

/// What a plan decides for one layer: on each axis something, or nothing, which leaves the layer as it is there.
///
/// ```swift
/// LayerChoice(pattern: .init(keeping: 2, of: 4), precision: .int8)  // 2:4 int8
/// LayerChoice(rank: 96, headGroup: 4, keyBits: 4)                   // rank 96 of 4 heads, 4-bit keys
/// ```
/// What reads a choice says which axes it carries out (``require(only:at:by:)``), so that a decision which nobody carries out
/// is an error and never a silent nothing. ``Axis`` is the list, `LayerChoice+Axes.swift` the table.
public struct LayerChoice: Hashable, Sendable {
  /// Which of the weights stay.
  public var pattern: SparsityPattern?
  /// The number format of the weights.
  public var precision: Precision?
  /// Consecutive weights of a row that share a scale; undecided is one scale a row.
  public var groupSize: Int?
  /// Bits of the numbers that the layer reads.
  public var activationBits: Int?
  /// The rank of two thin matrices in the weight's place, of each group of heads where there are such.
  public var rank: Int?
  /// Attention heads that share a basis; undecided is all of them.
  public var headGroup: Int?
  /// Neighbouring layers whose keys, or values, come from one latent, that of what the first of them reads; undecided is one.
  public var layerGroup: Int?
  /// Channels of a remembered key or value that share a scale; undecided is all of a group of heads.
  public var latentGroup: Int?
  /// Bits of what is remembered of each token's key.
  public var keyBits: Int?
  /// Bits of what is remembered of each token's value.
  public var valueBits: Int?
  /// How the grid of the activations follows from what calibration saw.
  public var observer: RangeRule?

  /// Nothing is decided.
  public init() {}

  /// What N:M sparsity decides.
  public init(pattern: SparsityPattern, precision: Precision = .fp32) {
    (self.pattern, self.precision) = (pattern, precision)
  }

  /// What a cache of latents decides.
  public init(rank: Int?, headGroup: Int? = nil, keyBits: Int? = nil, valueBits: Int? = nil) {
    (self.rank, self.headGroup, self.keyBits, self.valueBits) = (rank, headGroup, keyBits, valueBits)
  }

  /// Bits of what is remembered, of a key or a value.
  public var cacheBits: Int? { keyBits ?? valueBits }

  /// Whether it says the same of a key's projection as the other of a value's, or the same of one.
  public func isLike(_ other: LayerChoice) -> Bool {
    func withoutSide(_ choice: LayerChoice) -> LayerChoice {
      var plain = choice
      (plain.keyBits, plain.valueBits) = (choice.cacheBits, nil)
      return plain
    }
    return withoutSide(self) == withoutSide(other)
  }

  /// The pattern of the weights, dense where none is decided.
  public var sparsity: SparsityPattern { pattern ?? .dense }

  /// The number format of the weights, fp32 where none is decided.
  public var format: Precision { precision ?? .fp32 }
}

extension LayerChoice: CustomStringConvertible {
  /// `2:4 int8`; fp32 goes without saying beside another decision.
  public var description: String {
    let decided = Self.axes.filter { $0.isDecided(self) }
    let said = decided.filter { $0.axis != .precision || precision != .fp32 || decided.count == 1 }
    return said.isEmpty ? "as it is" : said.compactMap { $0.text(self) }.joined(separator: " ")
  }
}
