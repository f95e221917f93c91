/// Multiply-adds of one forward pass on one input, in exact integers, by the part of the model that spends them.
///
/// The vision-transformer literature calls these FLOPs. The classifier head is not counted, as in the literature.
public struct MultiplyAdds: Hashable, Sendable, Codable {
  public var patchEmbedding = 0
  public var layerNorms = 0
  /// The products `Q K^T` and `A V`.
  public var attention = 0
  /// The compressible linear layers.
  public var linears = 0

  public init() {}

  public var total: Int { patchEmbedding + layerNorms + attention + linears }
}
